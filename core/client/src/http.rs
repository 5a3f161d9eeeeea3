//! An app's own calls, in plain values that cross into every language.

/// A request the app wants to make to one of its listed API origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method, such as `POST`.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The headers, without `Authorization`.
    pub headers: Vec<Header>,
    /// The body, empty where there is none.
    pub body: Vec<u8>,
}

/// The server's response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Vec<u8>,
}

/// One header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The field's name, in lower case in responses.
    pub name: String,
    /// The field's value.
    pub value: String,
}
