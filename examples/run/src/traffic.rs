//! What is sent: routes, statuses, providers and models, drawn from a small generator that gives the same ones in every run.
//!
//! `load` draws here. A request says in its query what the upstream behind the gateway is to do (a status, a time), so that
//! the gateways need no fake of their own, and a look at the address tells what was asked. Absent: what was answered.

/// A route of the gateways.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// With its parameter in braces, as most frameworks write it; see [`Route::template`].
    template: &'static str,
    /// Its share of all requests, in percent.
    share: u64,
    /// What is asked for, with shares in percent.
    statuses: &'static [(u16, u64)],
    /// The longest time that its upstream takes.
    millis: u64,
    /// What is recorded beside the route, if a model is asked.
    pub(crate) upstream: Option<&'static str>,
    /// Whether the gateways know it at all.
    known: bool,
}

#[rustfmt::skip]
pub(crate) const ROUTES: [Route; 7] = [
    Route { method: "GET", template: "/api/users/{id}", share: 34, statuses: &[(200, 94), (404, 6)], millis: 3, upstream: None, known: true },
    Route { method: "POST", template: "/api/users", share: 12, statuses: &[(201, 95), (429, 5)], millis: 6, upstream: None, known: true },
    Route { method: "DELETE", template: "/api/users/{id}", share: 4, statuses: &[(200, 85), (404, 10), (500, 5)], millis: 5, upstream: None, known: true },
    Route { method: "GET", template: "/api/models", share: 15, statuses: &[(200, 100)], millis: 1, upstream: None, known: true },
    Route { method: "POST", template: "/v1/chat/completions", share: 22, statuses: &[(200, 89), (429, 7), (500, 4)], millis: 30, upstream: Some("upstream.chat"), known: true },
    Route { method: "POST", template: "/v1/embeddings", share: 11, statuses: &[(200, 96), (429, 3), (500, 1)], millis: 12, upstream: Some("upstream.embeddings"), known: true },
    Route { method: "GET", template: "/wp-login", share: 2, statuses: &[(404, 100)], millis: 0, upstream: None, known: false },
];

/// Providers and their models, in the order of how much they are asked.
pub(crate) const MODELS: [(&str, &str); 4] =
    [("openai", "gpt-4o"), ("anthropic", "claude"), ("openai", "gpt-4o-mini"), ("mistral", "large")];

/// The endpoint of requests that no route takes, through every door.
pub(crate) const UNMATCHED: &str = "unmatched";

/// How a framework writes the parameter of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameter {
    /// `/users/{id}`
    Braces,
    /// `/users/:id`
    Colon,
}

impl Route {
    /// What the route is called in label values.
    pub(crate) fn template(&self, parameter: Parameter) -> String {
        match parameter {
            _ if !self.known => UNMATCHED.to_owned(),
            Parameter::Braces => self.template.to_owned(),
            Parameter::Colon => self.template.replace('{', ":").replace('}', ""),
        }
    }
}

/// A request to send.
pub(crate) struct Request {
    /// Its place in [`ROUTES`].
    pub(crate) route: usize,
    /// The place of its model in [`MODELS`], if one is asked.
    pub(crate) model: Option<usize>,
    /// The status that is to come back.
    pub(crate) status: u16,
    pub(crate) target: String,
    pub(crate) body: Option<String>,
}

/// Numbers that look random and are the same each time (xorshift64*, Vigna 2016).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        // Any seed will do but zero; the odd constant is 2^64 divided by the golden ratio, to spread small ones.
        Dice((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// From 0 up to `end`, without it.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % end.max(1)
    }

    /// The place that a throw of a hundred falls on.
    fn pick(&mut self, shares: impl Iterator<Item = u64>) -> usize {
        let mut left = self.below(100);
        let mut last = 0;
        for (at, share) in shares.enumerate() {
            if left < share {
                return at;
            }
            left -= share;
            last = at;
        }
        last
    }

    pub(crate) fn request(&mut self) -> Request {
        let route = self.pick(ROUTES.iter().map(|route| route.share));
        let found = &ROUTES[route];
        let status = found.statuses[self.pick(found.statuses.iter().map(|(_, share)| *share))].0;
        // The smaller of two throws: most are quick, few take long.
        let millis = self.below(found.millis + 1).min(self.below(found.millis + 1));
        let path = found.template.replace("{id}", &self.below(100_000).to_string());
        let model = found.upstream.map(|_| self.pick([55, 25, 15, 5].into_iter()));
        let body = match model.map(|model| MODELS[model]) {
            Some((provider, model)) => Some(format!(r#"{{"provider":"{provider}","model":"{model}"}}"#)),
            None if found.method == "POST" => Some(r#"{"name":"Ada"}"#.to_owned()),
            None => None,
        };
        Request { route, model, status, target: format!("{path}?status={status}&millis={millis}"), body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_whole() {
        assert_eq!(ROUTES.iter().map(|route| route.share).sum::<u64>(), 100);
        for route in &ROUTES {
            assert_eq!(route.statuses.iter().map(|(_, share)| share).sum::<u64>(), 100, "{}", route.template);
        }
    }

    #[test]
    fn every_route_status_and_model_is_drawn_and_a_seed_draws_the_same_again() {
        let draw = |seed| {
            let mut dice = Dice::new(seed);
            (0..5000).map(move |_| dice.request()).collect::<Vec<_>>()
        };
        let drawn = draw(7);
        for (at, route) in ROUTES.iter().enumerate() {
            for (status, _) in route.statuses {
                assert!(drawn.iter().any(|found| found.route == at && found.status == *status), "{at} {status}");
            }
        }
        for model in 0..MODELS.len() {
            assert!(drawn.iter().any(|found| found.model == Some(model)), "{model}");
        }
        let targets = |drawn: Vec<Request>| drawn.into_iter().map(|found| found.target).collect::<Vec<_>>();
        let first = targets(drawn);
        assert_eq!(first, targets(draw(7)));
        assert_ne!(first, targets(draw(8)));
    }

    #[test]
    fn a_template_is_written_as_the_framework_does() {
        assert_eq!(ROUTES[0].template(Parameter::Braces), "/api/users/{id}");
        assert_eq!(ROUTES[0].template(Parameter::Colon), "/api/users/:id");
        assert_eq!(ROUTES[6].template(Parameter::Colon), UNMATCHED);
    }
}
