//! Headers as scripts see them and storage keeps them: each character of a value is one byte.
//! <https://fetch.spec.whatwg.org/#concept-header-list>

/// Names and values in their order; a name may come more than once.
pub type HeaderList = Vec<(String, String)>;

/// The value of a header, all its lines joined, or `None` if there is no such header.
/// <https://fetch.spec.whatwg.org/#concept-header-list-get>
pub fn value_of(headers: &HeaderList, wanted: &str) -> Option<String> {
    let lines: Vec<&str> = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_str())
        .collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}
