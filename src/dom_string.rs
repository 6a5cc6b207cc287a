//! Strings of scripts as text in Rust, each in one way only.
//!
//! A DOMString is a list of 16-bit units and may hold halves of surrogate pairs, which text in Rust cannot. Such a half
//! is kept as a character of the last private-use block, which has room for exactly the 2,048 halves there are; a
//! character of that block itself is kept as its two halves. What holds neither is the same in both.
//! <https://webidl.spec.whatwg.org/#idl-DOMString>

/// The character that stands for the first half; those for the others follow.
const FIRST_STAND_IN: u32 = 0x10_f800;
const FIRST_HALF: u16 = 0xd800;

/// The text for a script's string.
pub fn from_units(units: &[u16]) -> String {
    let mut text = String::with_capacity(units.len());
    for decoded in char::decode_utf16(units.iter().copied()) {
        match decoded {
            Ok(character) if half_of(character).is_none() => text.push(character),
            Ok(character) => {
                let mut halves = [0; 2];
                text.extend(character.encode_utf16(&mut halves).iter().map(stand_in));
            }
            Err(half) => text.push(stand_in(&half.unpaired_surrogate())),
        }
    }
    text
}

/// The script's string that a text is for.
pub fn to_units(text: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(text.len());
    for character in text.chars() {
        match half_of(character) {
            Some(half) => units.push(half),
            None => units.extend_from_slice(character.encode_utf16(&mut [0; 2])),
        }
    }
    units
}

/// How long the script's string is in UTF-8 where a lone half becomes the replacement character, as browsers count.
pub fn utf8_length(text: &str) -> usize {
    String::from_utf16_lossy(&to_units(text)).len()
}

/// The half that a character stands for.
fn half_of(character: char) -> Option<u16> {
    let number = u32::from(character).checked_sub(FIRST_STAND_IN)?;
    // The block ends with the last character that there is, so this fits.
    Some(FIRST_HALF + u16::try_from(number).ok()?)
}

fn stand_in(half: &u16) -> char {
    let number = FIRST_STAND_IN + u32::from(half - FIRST_HALF);
    char::from_u32(number).expect("there are as many characters in the block as halves")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_of_a_script_comes_back_as_it_was() {
        let (high, low) = (0xd800, 0xdfff);
        let strings: &[&[u16]] = &[
            &[],
            &[0x61, 0, 0xe9, 0xffff],
            &[high],
            &[low],
            &[0x61, high, 0x62, low, low, high],
            // U+1F4E8, then its halves the wrong way round
            &[0xd83d, 0xdce8, 0xdce8, 0xd83d],
            // U+10F800 and U+10FFFF, the ends of the block
            &[0xdbfe, 0xdc00, 0xdbff, 0xdfff],
            &[0xdbfe, 0xdbfe, 0xdc00],
        ];
        for units in strings {
            assert_eq!(to_units(&from_units(units)), *units);
        }
        let halves: Vec<u16> = (0xd800..=0xdfff).rev().collect();
        assert_eq!(to_units(&from_units(&halves)), halves);
    }

    #[test]
    fn what_is_text_already_stays_as_it_is() {
        for text in ["", "outbox", "\u{1f4e8} \u{0} \u{10f7ff}"] {
            let units: Vec<u16> = text.encode_utf16().collect();
            assert_eq!((from_units(&units).as_str(), to_units(text)), (text, units));
        }
    }

    #[test]
    fn a_lone_half_counts_as_three_bytes() {
        assert_eq!(utf8_length(&from_units(&[0x61, 0xd800])), 4);
        assert_eq!(utf8_length(&from_units(&[0xdbfe, 0xdc00])), 4);
        assert_eq!(utf8_length("\u{e9}"), 2);
    }
}
