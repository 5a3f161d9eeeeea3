//! The request log: what was asked, without anything that differs between two runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::parameters::Parameters;

/// One request, as far as it can be compared with another run's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The number of the request, from 1, in the order of arrival.
    pub n: u64,
    /// The method.
    pub method: String,
    /// The path; what names a single CRM contact is replaced by `*`.
    pub path: String,
    /// The query's parameters. Values that are secret or random are `*`, ports are `*`.
    pub query: BTreeMap<String, String>,
    /// The form's parameters, in the same way.
    pub form: BTreeMap<String, String>,
    /// The status of the response; nothing where none was sent, or none yet.
    pub status: Option<u16>,
    /// The scheme of the `Authorization` header, as it was sent.
    pub auth: Option<String>,
}

/// The parameters whose values are the same in every run of the same client.
const COMPARABLE: [&str; 18] = [
    "acr_values",
    "action",
    "audience",
    "client_id",
    "code_challenge_method",
    "grant_type",
    "login_hint",
    "max_age",
    "person",
    "post_logout_redirect_uri",
    "prompt",
    "redirect_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "token_type_hint",
    "ui_locales",
];

#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    entries: Vec<LogEntry>,
    /// Grows when the log is cleared, so that a late answer does not close another request's entry.
    generation: u64,
}

/// Names an entry, so that its status can be filled in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogTicket {
    generation: u64,
    index: usize,
}

impl RequestLog {
    pub(crate) fn open(
        &mut self,
        method: &str,
        path: &str,
        query: &Parameters,
        form: &Parameters,
        auth: Option<&str>,
    ) -> LogTicket {
        let index = self.entries.len();
        self.entries.push(LogEntry {
            n: index as u64 + 1,
            method: method.to_owned(),
            path: comparable_path(path),
            query: comparable(query),
            form: comparable(form),
            status: None,
            auth: auth.and_then(|value| value.split_whitespace().next()).map(str::to_owned),
        });
        LogTicket { generation: self.generation, index }
    }

    pub(crate) fn close(&mut self, ticket: LogTicket, status: u16) {
        if ticket.generation == self.generation
            && let Some(entry) = self.entries.get_mut(ticket.index)
        {
            entry.status = Some(status);
        }
    }

    pub(crate) fn entries(&self) -> Vec<LogEntry> {
        self.entries.clone()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.generation += 1;
    }
}

fn comparable_path(path: &str) -> String {
    match path.strip_prefix("/crm/contacts/") {
        Some(_) => "/crm/contacts/*".to_owned(),
        None => path.to_owned(),
    }
}

fn comparable(parameters: &Parameters) -> BTreeMap<String, String> {
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in parameters.iter() {
        let value = if COMPARABLE.contains(&name) { without_port(value) } else { "*".to_owned() };
        shown.entry(name.to_owned()).and_modify(|all| *all = format!("{all} {value}")).or_insert(value);
    }
    shown
}

/// A loopback URL with `*` for its port.
fn without_port(value: &str) -> String {
    for host in ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"] {
        if let Some(rest) = value.strip_prefix(host) {
            return format!("{host}*{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        }
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_runs_is_not_shown() {
        let query = Parameters::parse(
            "state=r4nd0m&scope=openid+email&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fcallback&resource=a&resource=b",
        );
        let form = Parameters::parse("refresh_token=s3cr3t&grant_type=refresh_token");
        let mut log = RequestLog::default();
        let ticket = log.open("POST", "/crm/contacts/4711", &query, &form, Some("Bearer s3cr3t"));
        log.close(ticket, 200);
        let text = serde_json::to_string(&log.entries()).unwrap();
        let expected = concat!(
            r#"[{"n":1,"method":"POST","path":"/crm/contacts/*","query":{"redirect_uri":"http://127.0.0.1:*/callback","#,
            r#""resource":"a b","scope":"openid email","state":"*"},"#,
            r#""form":{"grant_type":"refresh_token","refresh_token":"*"},"status":200,"auth":"Bearer"}]"#
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn a_late_answer_does_not_touch_a_cleared_log() {
        let none = Parameters::default();
        let mut log = RequestLog::default();
        let late = log.open("GET", "/jwks", &none, &none, None);
        log.clear();
        log.open("GET", "/token", &none, &none, None);
        log.close(late, 200);
        assert_eq!(log.entries()[0].status, None);
    }
}
