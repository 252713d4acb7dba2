//! The requests of a gateway, as Tyk's records them: one call, three families of the global registry.

use crate::guard;
use crate::text::{self, tyk_str};
use engine::Requests;

/// Counts a request: tyk_gateway_gateway_requests_total {api_id, api_name, method, status_code},
/// tyk_gateway_gateway_request_duration_seconds {api_id, api_name, method}, and for a status of 400 and above
/// tyk_gateway_gateway_request_errors_total {api_id, api_name, method, error_type}. Hot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tyk_record_request(
    api_id: tyk_str,
    api_name: tyk_str,
    method: tyk_str,
    status_code: u32,
    nanos: u64,
) {
    guard::quiet(|| {
        let values = [api_id, api_name, method];
        // SAFETY: the rules of the header.
        let done = unsafe {
            text::with_values(values.as_ptr(), values.len(), |values| {
                let (api_id, api_name, method) = (values[0], values[1], values[2]);
                Requests::global()?.record(api_id, api_name, method, status_code, nanos);
                Ok(())
            })
        };
        if done.is_err() {
            guard::ignore();
        }
    });
}
