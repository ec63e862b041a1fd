//! A record: its text as it is in the file, and where in it the fields are.

/// One record, its fields unquoted.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The line it begins on, from 1.
    pub line: u64,
    /// As it is in the file, without its line end.
    pub raw: &'a [u8],
    /// Why it cannot be parsed; it has no fields then.
    pub flaw: Option<Flaw>,
    /// Whether a quote was closed where its line ends.
    pub repaired: bool,
    pub(super) fields: &'a [FieldSpan],
    pub(super) unescaped: &'a [u8],
}

/// What a file's records look like: compared with lines of text within quotes.
pub struct Shape<'a> {
    /// How many fields they have.
    pub fields: usize,
    /// Whether the fields of such a record fit their columns, and show it: any text fits a column of text.
    pub fits: &'a mut dyn FnMut(&Record) -> bool,
}

impl Shape<'_> {
    pub(super) fn accepts(&mut self, record: &Record) -> bool {
        (self.fits)(record)
    }
}

/// Why a record cannot be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A quote is never closed, or only by one of a later line's.
    Unclosed,
    /// There is text behind a closing quote.
    TextBehindQuote,
}

impl Flaw {
    /// The reason for reports.
    pub fn reason(self) -> &'static str {
        match self {
            Flaw::Unclosed => "a quote is not closed",
            Flaw::TextBehindQuote => {
                "there is text behind a closing quote; a quote within a field is written twice"
            }
        }
    }
}

/// Where a field's text is, from the record's beginning.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpan {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) quoted: bool,
    /// Whether it is among the unescaped ones.
    pub(super) unescaped: bool,
}

impl FieldSpan {
    /// A field without quotes.
    #[inline]
    pub(super) fn bare(start: usize, end: usize) -> FieldSpan {
        FieldSpan {
            start,
            end,
            quoted: false,
            unescaped: false,
        }
    }
}

impl<'a> Record<'a> {
    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// A field's bytes, and whether it was in quotes.
    #[inline]
    pub fn field(&self, index: usize) -> (&'a [u8], bool) {
        let field = self.fields[index];
        let text = if field.unescaped {
            self.unescaped
        } else {
            self.raw
        };
        (&text[field.start..field.end], field.quoted)
    }
}
