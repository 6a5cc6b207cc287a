//! Rows under headings, each column as wide as its widest cell.

/// The table as text; nothing for no rows.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([headings[column].len()])
            .max()
            .unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let headings = headings.map(str::to_owned);
    let lines = std::iter::once(&headings).chain(rows).map(|row| {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    if rows.is_empty() {
        String::new()
    } else {
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["outbox".to_owned(), "1".to_owned()],
            ["x".to_owned(), "20".to_owned()],
        ];
        assert_eq!(
            table(["TAG", "N"], &rows),
            "TAG     N\noutbox  1\nx       20"
        );
    }

    #[test]
    fn no_rows_need_no_headings() {
        assert_eq!(table(["TAG"], &[]), "");
    }
}
