//! What a terminal can show: whether a stream is one, how wide it is, whether it takes colours.

use std::io::IsTerminal;
use std::os::fd::AsFd;

/// The width of a terminal that doesn't know its own.
const USUAL_WIDTH: u16 = 80;

/// The columns of the terminal that a stream goes to; `None` where it goes elsewhere.
pub fn width(stream: &(impl IsTerminal + AsFd)) -> Option<u16> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok();
    let columns = size.map(|size| size.ws_col).filter(|columns| *columns > 0);
    Some(columns.unwrap_or(USUAL_WIDTH))
}

/// Whether a stream goes to a terminal that obeys control sequences: colours, and lines that are written over.
pub fn obeys(stream: &impl IsTerminal) -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !dumb
}
