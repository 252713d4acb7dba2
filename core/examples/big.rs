use std::time::Instant;
fn main() {
    let r = tykmetrics::Registry::new();
    let n: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let rounds: u32 = std::env::args().nth(2).unwrap().parse().unwrap();
    let big = r.counter("http_requests_total", "").labels(["method", "route", "id"]).limit(2_000_000).register().unwrap();
    let hs: Vec<_> = (0..n).map(|i| big.with([["GET","POST","PUT","DELETE"][i as usize%4], &format!("/api/{}", i%100), &format!("user-{i:07}")])).collect();
    let mut best = f64::MAX; let mut bytes = 0;
    let mut out: Vec<u8> = Vec::new();
    for i in 0..rounds { for h in &hs { h.add(i as u64 * 977 + 1); }
        bytes = 0; out.clear();
        let t = Instant::now();
        r.render_into(tykmetrics::Format::Text, &mut out); bytes = out.len();
        best = best.min(t.elapsed().as_nanos() as f64);
    }
    println!("{n}: best {:.2} ms {:.1} ns/line {:.2} GB/s {} B/line", best / 1e6, best / n as f64, bytes as f64 / best, bytes / n as usize);
}
