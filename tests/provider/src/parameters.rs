//! Query and form parameters (RFC 6749, section 3.1).

/// Parameters in the order in which they came. Those without a value count as left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` text. It never fails: what is no parameter is a strange one.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = url::form_urlencoded::parse(text.as_bytes()).into_owned();
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    pub(crate) fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A parameter that came more than once, but for `resource`, which may (RFC 8707, section 2).
    pub(crate) fn repeated(&self) -> Option<&str> {
        let again = |index: usize, name: &str| self.0.iter().take(index).any(|(other, _)| other == name);
        let mut names = self.0.iter().enumerate();
        names
            .find(|(index, (name, _))| name != "resource" && again(*index, name))
            .map(|(_, (name, _))| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[test]
    fn only_resource_may_repeat() {
        let parameters = Parameters::parse("a=1&resource=x&resource=y&b=&b=2");
        assert_eq!(parameters.repeated(), None);
        assert_eq!(parameters.first("b"), Some("2"));
        assert_eq!(Parameters::parse("a=1&b=2&a=1").repeated(), Some("a"));
    }
}
