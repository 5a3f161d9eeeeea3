//! As much HTML as a login form needs.

use std::collections::BTreeMap;

/// A form as it is on the page.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub action: String,
    pub controls: Vec<Control>,
}

/// An `input` or `button`.
#[derive(Debug)]
pub(crate) struct Control {
    pub name: String,
    pub kind: String,
    pub value: String,
}

/// The forms of a page, in their order.
pub(crate) fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    for tag in tags(page) {
        match tag.name.as_str() {
            "form" => forms.push(Form { action: tag.text("action"), controls: Vec::new() }),
            "input" | "button" => {
                let fallback = if tag.name == "button" { "submit" } else { "text" };
                let kind = tag.attributes.get("type").map_or(fallback, String::as_str).to_ascii_lowercase();
                if let Some(form) = forms.last_mut() {
                    form.controls.push(Control { name: tag.text("name"), kind, value: tag.text("value") });
                }
            }
            _ => {}
        }
    }
    forms
}

/// The words of a page, for a report.
pub(crate) fn words(page: &str) -> String {
    let mut text = String::new();
    let mut hidden = false;
    for piece in page.split('<') {
        let (tag, rest) = piece.split_once('>').unwrap_or(("", piece));
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
        if matches!(name, "script" | "style") {
            hidden = !tag.starts_with('/');
        }
        if !hidden {
            text.push(' ');
            text.push_str(rest);
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(300).collect()
}

struct Tag {
    name: String,
    attributes: BTreeMap<String, String>,
}

impl Tag {
    fn text(&self, attribute: &str) -> String {
        self.attributes.get(attribute).cloned().unwrap_or_default()
    }
}

fn tags(page: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, left) = tag(after);
        found.extend(tag);
        rest = left;
    }
    found
}

/// Reads one tag behind its `<`, and gives what follows it. A `>` within quotes does not end it.
fn tag(text: &str) -> (Option<Tag>, &str) {
    let name_end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(name_end);
    if name.is_empty() {
        return (None, text);
    }
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            break;
        }
        if let Some(after) = rest.strip_prefix('>') {
            rest = after;
            break;
        }
        let end =
            rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end.max(1).min(rest.len()));
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('=').map(str::trim_start) {
            None => ("", after),
            Some(quoted) if quoted.starts_with(['"', '\'']) => {
                let (quote, inner) = quoted.split_at(1);
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            Some(bare) => {
                bare.split_at(bare.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(bare.len()))
            }
        };
        attributes.insert(key.to_ascii_lowercase(), unescaped(value));
        rest = after;
    }
    (Some(Tag { name: name.to_ascii_lowercase(), attributes }), rest)
}

fn unescaped(text: &str) -> String {
    [
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#61;", "="),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_with_their_controls() {
        let page = r#"<p>x > y</p><form id=f action="/go?a=1&amp;b=2" method='post'>
            <input type="hidden" name="xsrf" value="&quot;s>t"/><INPUT name=otp>
            <button type=submit name="action" value="sign_in">Sign in</button></form>"#;
        let forms = forms(page);
        assert_eq!(forms.len(), 1);
        assert_eq!(forms[0].action, "/go?a=1&b=2");
        let controls: Vec<_> = forms[0]
            .controls
            .iter()
            .map(|control| (control.name.as_str(), control.kind.as_str(), control.value.as_str()))
            .collect();
        assert_eq!(
            controls,
            [("xsrf", "hidden", "\"s>t"), ("otp", "text", ""), ("action", "submit", "sign_in")]
        );
    }

    #[test]
    fn words_leave_scripts_out() {
        assert_eq!(
            words("<h1>Error</h1><script>var x;</script><p>Invalid   parameter</p>"),
            "Error Invalid parameter"
        );
    }
}
