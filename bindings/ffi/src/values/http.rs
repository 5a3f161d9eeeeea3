//! An app's own calls.

use pforte_client::{Header, HttpRequest, HttpResponse, Sending};

/// A request the app wants to make to one of its listed API origins.
#[uniffi::remote(Record)]
pub struct HttpRequest {
    /// The method, such as `POST`.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The headers, without `Authorization`.
    #[uniffi(default = [])]
    pub headers: Vec<Header>,
    /// The body, empty where there is none.
    pub body: Vec<u8>,
}

/// The server's response.
#[uniffi::remote(Record)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Vec<u8>,
}

/// One header field.
#[uniffi::remote(Record)]
pub struct Header {
    /// The field's name, in lower case in responses.
    pub name: String,
    /// The field's value.
    pub value: String,
}

/// What the app's own HTTP stack is to send.
#[uniffi::remote(Record)]
pub struct Sending {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The headers that authorise this very sending, in the place of any of the same name.
    pub credentials: Vec<Header>,
    /// Whether the call's body goes along; false where a redirect made a `GET` of it.
    pub keeps_body: bool,
}
