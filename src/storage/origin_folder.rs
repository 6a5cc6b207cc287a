//! Names of folders for origins: readable, different for different origins, allowed on every system.

use std::fmt::Write;

use percent_encoding::percent_decode_str;

/// The name of the folder that holds what an origin stores, for example
/// `http_localhost_8080` for `http://localhost:8080`.
pub fn origin_folder(origin: &str) -> String {
    let (scheme, place) = origin.split_once("://").unwrap_or(("", origin));
    let mut name = escaped(scheme);
    name.push('_');
    name.push_str(&escaped(place));
    // Windows drops a dot at the end of a name.
    if name.ends_with('.') {
        name.pop();
        name.push_str("%2e");
    }
    name
}

/// The origin whose folder has this name; `None` for a name that [`origin_folder`] never gives.
pub(super) fn origin_of_folder(name: &str) -> Option<String> {
    let plain = name.replacen('_', "://", 1).replace('_', ":");
    let origin = percent_decode_str(&plain).decode_utf8().ok()?.into_owned();
    (origin_folder(&origin) == name).then_some(origin)
}

/// Colons become underscores. Underscores and whatever else a name may not have, or may not tell
/// apart where case is ignored, becomes `%` and its number.
fn escaped(part: &str) -> String {
    part.bytes().fold(String::new(), |mut name, byte| {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'+' => name.push(char::from(byte)),
            b':' => name.push('_'),
            _ => write!(name, "%{byte:02x}").expect("a string takes everything"),
        }
        name
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_folder_of_an_origin_is_readable() {
        assert_eq!(origin_folder("https://shop.example"), "https_shop.example");
        assert_eq!(
            origin_folder("http://localhost:8080"),
            "http_localhost_8080"
        );
        assert_eq!(origin_folder("http://[::1]:80"), "http_%5b__1%5d_80");
    }

    #[test]
    fn different_origins_have_different_folders() {
        let origins = [
            "http://a:80",
            "http://a_80",
            "https://a:80",
            "http://a.80",
            "http://a%3a80",
            "http://A:80",
            "http://a",
            "http://a.",
            "a",
            "null",
        ];
        let names: HashSet<String> = origins.into_iter().map(origin_folder).collect();
        assert_eq!(names.len(), origins.len());
    }

    #[test]
    fn a_folder_tells_whose_it_is() {
        for origin in [
            "https://shop.example",
            "http://[::1]:80",
            "http://a_80",
            "http://a.",
        ] {
            let folder = origin_folder(origin);
            assert_eq!(origin_of_folder(&folder).as_deref(), Some(origin));
        }
        for stranger in ["lost+found", "https_A", "https", "http_%zz"] {
            assert_eq!(origin_of_folder(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn no_name_leaves_its_place() {
        assert_eq!(origin_folder("http://../.."), "http_..%2f.%2e");
        assert_eq!(origin_folder("file:///c:\\x"), "file_%2fc_%5cx");
    }
}
