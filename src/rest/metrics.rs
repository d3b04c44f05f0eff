//! Counters of requests, and their text for Prometheus (exposition format 0.0.4).
//! Labels are route templates, never what was asked: their number is bounded by the number of routes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::state::RestState;
use crate::service::Sante;
use crate::source::date;

/// Method, route template, status.
type Key = (&'static str, String, u16);

/// Requests so far and the time they took.
#[derive(Default)]
pub struct Metrics {
    requests: RwLock<BTreeMap<Key, Counter>>,
}

#[derive(Default)]
struct Counter {
    count: AtomicU64,
    microseconds: AtomicU64,
}

impl Counter {
    fn add(&self, duration: Duration) {
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Counts one answered request.
    pub fn count(&self, method: &'static str, route: &str, status: u16, duration: Duration) {
        let key = (method, route.to_owned(), status);
        // Nothing is half done under this lock, so a panic elsewhere leaves the counters whole.
        let known = self.requests.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = known.get(&key) {
            return counter.add(duration);
        }
        drop(known);
        let mut requests = self.requests.write().unwrap_or_else(PoisonError::into_inner);
        requests.entry(key).or_default().add(duration);
    }

    /// The text that Prometheus reads.
    pub fn text(&self, sante: &Sante) -> String {
        let mut text = String::new();
        self.write_requests(&mut text);
        let gauges = [
            (
                "annuaire_ready",
                "Whether this node answers from a loaded index.",
                u64::from(sante.pret),
            ),
            (
                "annuaire_database_up",
                "Whether Postgres answers.",
                u64::from(sante.base_joignable),
            ),
            (
                "annuaire_version",
                "Version that this node serves, counting only what the public can see.",
                sante.version,
            ),
            (
                "annuaire_professionals",
                "Professionals served.",
                sante.professionnels,
            ),
            ("annuaire_structures", "Structures served.", sante.structures),
            ("annuaire_mailboxes", "Mailboxes served.", sante.messageries),
        ];
        for (name, help, value) in gauges {
            head(&mut text, name, "gauge", help);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name} {value}");
        }
        let name = "annuaire_source_timestamp_seconds";
        head(&mut text, name, "gauge", "The date of each loaded source.");
        for source in &sante.sources {
            let date = date::parse(&source.date.to_string()).and_then(|d| d.in_tz("UTC").ok());
            if let Some(date) = date {
                let seconds = date.timestamp().as_second();
                let _ = writeln!(text, "{name}{{genre=\"{}\"}} {seconds}", source.genre);
            }
        }
        text
    }

    fn write_requests(&self, text: &mut String) {
        let requests = self.requests.read().unwrap_or_else(PoisonError::into_inner);
        head(
            text,
            "annuaire_http_requests_total",
            "counter",
            "Requests answered.",
        );
        for ((method, route, status), counter) in requests.iter() {
            let count = counter.count.load(Ordering::Relaxed);
            let _ = writeln!(
                text,
                r#"annuaire_http_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}"#
            );
        }
        let name = "annuaire_http_request_duration_seconds";
        head(text, name, "summary", "Time to the head of the answer.");
        for ((method, route, status), counter) in requests.iter() {
            let labels = format!(r#"method="{method}",route="{route}",status="{status}""#);
            let microseconds = counter.microseconds.load(Ordering::Relaxed);
            let seconds = Duration::from_micros(microseconds).as_secs_f64();
            let count = counter.count.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_sum{{{labels}}} {seconds}");
            let _ = writeln!(text, "{name}_count{{{labels}}} {count}");
        }
    }
}

fn head(text: &mut String, name: &str, sort: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {sort}");
}

/// `GET /metrics` of the administration address.
pub async fn get(State(state): State<RestState>) -> impl IntoResponse {
    let text = state.metrics.text(&state.directory.sante());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Metrics::default();
        metrics.count("GET", "/api/v1/recherche", 200, Duration::from_millis(250));
        metrics.count("GET", "/api/v1/recherche", 200, Duration::from_millis(500));
        metrics.count("GET", "-", 404, Duration::ZERO);
        let mut text = String::new();
        metrics.write_requests(&mut text);
        let labels = r#"{method="GET",route="/api/v1/recherche",status="200"}"#;
        assert!(text.contains(&format!("annuaire_http_requests_total{labels} 2\n")));
        assert!(text.contains(&format!(
            "annuaire_http_request_duration_seconds_sum{labels} 0.75\n"
        )));
        assert!(text.contains(&format!(
            "annuaire_http_request_duration_seconds_count{labels} 2\n"
        )));
        assert!(text.contains(r#"route="-",status="404"} 1"#));
    }
}
