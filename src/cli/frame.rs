//! Draws the place of a script error: the lines around it with a mark under the column.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::web::script_error::{ScriptError, SourceExcerpt, SourcePosition};

/// The error as people read it, with its frame if the source is known.
pub(super) fn draw(error: &ScriptError) -> String {
    let title = Level::ERROR.primary_title(error.message.as_str());
    let Some(position) = &error.position else {
        return Renderer::styled().render(&[Group::with_title(title)]);
    };
    let Some(excerpt) = &position.excerpt else {
        let place = format!("at {}:{}:{}", position.url, position.line, position.column);
        let note = Level::NOTE.message(place.as_str());
        return Renderer::styled().render(&[title.element(note)]);
    };
    let text = excerpt.text.as_str();
    let snippet = Snippet::source(text)
        .line_start(excerpt.first_line as usize)
        .annotation(AnnotationKind::Primary.span(mark(excerpt, position)));
    if excerpt.first_column == 1 {
        let group = title.element(snippet.path(position.url.as_str()));
        return Renderer::styled().render(&[group]);
    }
    // Named here, because in a line that was cut the column is another one.
    let origin = Origin::path(position.url.as_str())
        .line(position.line as usize)
        .char_column(position.column as usize);
    Renderer::styled().render(&[title.element(origin).element(snippet)])
}

/// The bytes of the excerpt to mark: the word at the position, or the one character there.
fn mark(excerpt: &SourceExcerpt, position: &SourcePosition) -> std::ops::Range<usize> {
    let text = excerpt.text.as_str();
    let lines_before = position.line.saturating_sub(excerpt.first_line) as usize;
    let start_of_line: usize = text
        .split_inclusive('\n')
        .take(lines_before)
        .map(str::len)
        .sum();
    let line = text[start_of_line..].lines().next().unwrap_or_default();
    let column = position.column.saturating_sub(excerpt.first_column) as usize;
    let start = byte_of_column(line, column);
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let rest = &line[start..];
    let length = match rest.find(|c| !is_word(c)) {
        Some(0) => rest.chars().next().map_or(0, char::len_utf8),
        Some(end) => end,
        None => rest.len(),
    };
    start_of_line + start..start_of_line + start + length
}

/// V8 counts columns in UTF-16 code units.
fn byte_of_column(line: &str, column: usize) -> usize {
    let mut units = 0;
    for (byte, c) in line.char_indices() {
        if units >= column {
            return byte;
        }
        units += c.len_utf16();
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, first_line: u32, line: u32, column: u32) -> ScriptError {
        let excerpt = SourceExcerpt {
            first_line,
            text: text.to_owned(),
            first_column: 1,
        };
        ScriptError {
            message: "ReferenceError: fail is not defined".to_owned(),
            stack: None,
            position: Some(SourcePosition {
                url: "https://localhost/sw.js".to_owned(),
                line,
                column,
                excerpt: Some(excerpt),
            }),
            is_rejection: false,
        }
    }

    fn marked(error: &ScriptError) -> std::ops::Range<usize> {
        let position = error.position.as_ref().unwrap();
        mark(position.excerpt.as_ref().unwrap(), position)
    }

    fn plain(error: &ScriptError) -> String {
        anstream::adapter::strip_str(&draw(error)).to_string()
    }

    #[test]
    fn the_word_at_the_position_is_marked() {
        let drawn = plain(&error("// first\n  fail();\n", 7, 8, 3));
        assert!(
            drawn.starts_with("error: ReferenceError: fail is not defined\n"),
            "{drawn}"
        );
        assert!(drawn.contains("https://localhost/sw.js:8:3"), "{drawn}");
        assert!(drawn.contains("8 |   fail();"), "{drawn}");
        assert!(
            drawn.contains("^^^^") && !drawn.contains("^^^^^"),
            "{drawn}"
        );
    }

    #[test]
    fn columns_are_counted_as_v8_does() {
        let text = "/* \u{1F600} */ fail()";
        assert_eq!(&text[marked(&error(text, 1, 1, 10))], "fail");
    }

    #[test]
    fn a_position_past_the_text_marks_nothing() {
        let text = "short";
        assert!(marked(&error(text, 1, 9, 99)).is_empty());
    }
}
