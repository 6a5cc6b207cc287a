//! Headers of a request or a response.
//! <https://fetch.spec.whatwg.org/#concept-header-list>

/// Names and values in their order; names keep the case the script wrote, and one may come more than once.
pub type HeaderList = Vec<(String, Vec<u8>)>;

/// The same as scripts see it and storage keeps it: each character of a value is one byte.
pub type TextHeaders = Vec<(String, String)>;

/// The first value of a header, names compared without case.
pub fn first_value<'h>(headers: &'h HeaderList, wanted: &str) -> Option<&'h [u8]> {
    headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_slice())
}

/// All values of a header as one, or `None` if there is no such header.
/// <https://fetch.spec.whatwg.org/#concept-header-list-get>
pub fn combined_value<V: AsRef<[u8]>>(headers: &[(String, V)], wanted: &str) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_ref())
        .collect();
    (!values.is_empty()).then(|| values.join(&b", "[..]))
}
