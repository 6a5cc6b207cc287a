//! A serialised value and the bytes of its Blobs in one buffer, the form in which it waits for its transaction.
//!
//! Layout: the value, the attachments one after the other, their lengths (8 bytes each), their number (4 bytes).

use super::error::OpError;

const COUNT_SIZE: usize = size_of::<u32>();
const LENGTH_SIZE: usize = size_of::<u64>();

/// Appends the attachments to the value.
pub(super) fn seal(mut value: Vec<u8>, attachments: &[Vec<u8>]) -> Vec<u8> {
    for attachment in attachments {
        value.extend_from_slice(attachment);
    }
    for attachment in attachments {
        value.extend((attachment.len() as u64).to_le_bytes());
    }
    value.extend((attachments.len() as u32).to_le_bytes());
    value
}

/// Takes an envelope apart.
pub(super) fn open(envelope: &[u8]) -> Result<(&[u8], Vec<Vec<u8>>), OpError> {
    open_checked(envelope)
        .ok_or_else(|| OpError::DataClone("the serialised value is incomplete".into()))
}

fn open_checked(envelope: &[u8]) -> Option<(&[u8], Vec<Vec<u8>>)> {
    let (mut rest, count) = envelope.split_last_chunk::<COUNT_SIZE>()?;
    let count = u32::from_le_bytes(*count) as usize;
    let (body, lengths) = rest.split_at_checked(rest.len().checked_sub(count * LENGTH_SIZE)?)?;
    let mut attachments = Vec::with_capacity(count);
    rest = body;
    for length in lengths.as_chunks::<LENGTH_SIZE>().0.iter().rev() {
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (before, attachment) = rest.split_at_checked(rest.len().checked_sub(length)?)?;
        attachments.push(attachment.to_vec());
        rest = before;
    }
    attachments.reverse();
    Some((rest, attachments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_comes_out_again() {
        for attachments in [
            vec![],
            vec![vec![1, 2, 3]],
            vec![vec![], vec![7; 300], vec![9]],
        ] {
            let envelope = seal(b"value".to_vec(), &attachments);
            let (value, opened) = open(&envelope).unwrap();
            assert_eq!(value, b"value");
            assert_eq!(opened, attachments);
        }
    }

    #[test]
    fn an_envelope_that_lacks_bytes_is_an_error() {
        let envelope = seal(Vec::new(), &[vec![1; 100]]);
        for length in 0..4 {
            assert!(open(&envelope[..length]).is_err());
        }
        assert!(open(&envelope[1..]).is_err());
        assert!(open(&envelope[envelope.len() - 8..]).is_err());
    }
}
