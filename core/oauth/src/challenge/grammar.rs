//! The grammar of challenges (RFC 9110, sections 5.6 and 11).
//!
//! ```text
//! field      = #challenge                        ; comma-separated, empty elements allowed
//! challenge  = scheme [ 1*SP ( token68 / #parameter ) ]
//! parameter  = token BWS "=" BWS ( token / quoted-string )
//! ```
//!
//! A comma may end a parameter or a challenge; what follows it decides: `token =` goes on, `token` alone begins anew.

use super::Challenge;

/// All challenges of one field value, or nothing where it breaks the grammar.
pub(super) fn challenges(text: &str) -> Option<Vec<Challenge>> {
    let mut input = Input { rest: text };
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut takes_parameters = false;
    loop {
        input.skip_commas();
        if input.rest.is_empty() {
            return Some(challenges);
        }
        let word = input.token()?;
        // A parameter belongs to the challenge before it, unless that one has a token68.
        if let Some(value) = input.parameter_value()? {
            if !takes_parameters {
                return None;
            }
            add(challenges.last_mut()?, word, value)?;
        } else {
            let scheme = word.to_ascii_lowercase();
            let mut challenge = Challenge { scheme, parameters: Vec::new() };
            takes_parameters = true;
            if input.skip_spaces() && !input.at_end_of_element() {
                takes_parameters = !input.token68();
                if takes_parameters {
                    input.first_parameter(&mut challenge)?;
                }
            }
            challenges.push(challenge);
        }
        if !input.at_end_of_element() {
            return None;
        }
    }
}

fn add(challenge: &mut Challenge, name: &str, value: String) -> Option<()> {
    let name = name.to_ascii_lowercase();
    if challenge.parameter(&name).is_some() {
        return None;
    }
    challenge.parameters.push((name, value));
    Some(())
}

struct Input<'a> {
    rest: &'a str,
}

impl<'a> Input<'a> {
    fn first_parameter(&mut self, challenge: &mut Challenge) -> Option<()> {
        let name = self.token()?;
        let value = self.parameter_value()??;
        add(challenge, name, value)
    }

    /// The value behind a name. Nothing where there is no `=`; an error where there is one and no value.
    fn parameter_value(&mut self) -> Option<Option<String>> {
        let Some(rest) = self.rest.trim_start_matches([' ', '\t']).strip_prefix('=') else {
            return Some(None);
        };
        self.rest = rest.trim_start_matches([' ', '\t']);
        match self.rest.strip_prefix('"') {
            Some(rest) => {
                self.rest = rest;
                self.quoted().map(Some)
            }
            None => self.token().map(|token| Some(token.to_owned())),
        }
    }

    /// The rest of a quoted string, its escapes resolved.
    fn quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((index, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = self.rest.get(index + 1..)?;
                    return Some(value);
                }
                '\\' => value.push(characters.next()?.1),
                _ => value.push(character),
            }
        }
        None
    }

    fn token(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c| !is_token_character(c)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    /// Skips a token68 if one stands here up to the end of the element. `a=b` is none: the `=` comes last.
    fn token68(&mut self) -> bool {
        let body = self.rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        let rest = body.trim_start_matches('=');
        let found = body.len() < self.rest.len() && Input { rest }.at_end_of_element();
        if found {
            self.rest = rest;
        }
        found
    }

    fn at_end_of_element(&self) -> bool {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        rest.is_empty() || rest.starts_with(',')
    }

    fn skip_spaces(&mut self) -> bool {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        let skipped = rest.len() < self.rest.len();
        self.rest = rest;
        skipped
    }

    fn skip_commas(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', ',']);
    }
}

fn is_token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Plain = Vec<(String, Vec<(String, String)>)>;

    fn read(text: &str) -> Option<Plain> {
        Some(
            challenges(text)?.into_iter().map(|challenge| (challenge.scheme, challenge.parameters)).collect(),
        )
    }

    fn expected(list: &[(&str, &[(&str, &str)])]) -> Option<Plain> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Some(list.iter().map(|(scheme, all)| ((*scheme).to_owned(), all.iter().map(own).collect())).collect())
    }

    /// RFC 9110, section 11.6.1.
    #[test]
    fn the_example_of_the_standard() {
        assert_eq!(
            read("Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\""),
            expected(&[
                ("basic", &[("realm", "simple")]),
                ("newauth", &[("realm", "apps"), ("type", "1"), ("title", "Login to \"apps\"")]),
            ])
        );
    }

    #[test]
    fn every_corner_of_the_grammar() {
        for (text, list) in [
            ("", &[] as &[(&str, &[(&str, &str)])]),
            (" , ,", &[]),
            ("Bearer", &[("bearer", &[])]),
            ("Bearer, DPoP algs=\"ES256 PS256\"", &[("bearer", &[]), ("dpop", &[("algs", "ES256 PS256")])]),
            ("Negotiate YWJj==, Bearer a=b", &[("negotiate", &[]), ("bearer", &[("a", "b")])]),
            ("Bearer a = b ,, c\t=\t\"d,e\"", &[("bearer", &[("a", "b"), ("c", "d,e")])]),
            ("Bearer realm=\"\"", &[("bearer", &[("realm", "")])]),
            ("Negotiate a=", &[("negotiate", &[])]),
            ("Bearer Scope=\"a=b\", ERROR=x", &[("bearer", &[("scope", "a=b"), ("error", "x")])]),
        ] {
            assert_eq!(read(text), expected(list), "{text}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for text in [
            "a=b",
            "Bearer a=, b=c",
            "Negotiate YWJj==, a=b",
            "Bearer a=\"b",
            "Bearer a=\"b\\",
            "Bearer a=b c=d",
            "Bearer a=b, a=c",
            "Bearer A=b, a=c",
            "Bearer a=\"b\"c",
            "=",
            "\"x\"",
            "Bearer a b",
            "Bearer (a)",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[ -~\\t]{0,120}") {
            if let Some(challenges) = challenges(&text) {
                prop_assert!(challenges.iter().all(|challenge| !challenge.scheme.is_empty()));
            }
        }

        #[test]
        fn what_is_written_is_read(value in "[ -~]{0,40}", token in "[a-z0-9]{1,9}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let text = format!("Bearer first=\"{quoted}\", second={token}, Other");
            let parameters: &[(&str, &str)] = &[("first", &value), ("second", &token)];
            prop_assert_eq!(read(&text), expected(&[("bearer", parameters), ("other", &[])]));
        }
    }
}
