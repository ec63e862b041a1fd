//! Commands on a pseudo-terminal, as a person sees them.

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Runs a command whose three streams are a terminal of so many columns, and returns what is printed to it.
pub fn on_terminal(mut command: Command, columns: u16) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    let slave = File::options().read(true).write(true).open(path).unwrap();
    let size = Winsize {
        ws_row: 50,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&slave, size).unwrap();
    command
        .stdin(Stdio::null())
        .stdout(slave.try_clone().unwrap())
        .stderr(slave);
    let mut child = command.spawn().unwrap();
    // The command holds the terminal's other end, too, and reading ends with the last of them.
    drop(command);
    let mut printed = Vec::new();
    let mut master = File::from(master);
    let mut buffer = [0; 4096];
    // EIO says that the other end is closed.
    while let Ok(count @ 1..) = master.read(&mut buffer) {
        printed.extend_from_slice(&buffer[..count]);
    }
    child.wait().unwrap();
    String::from_utf8(printed).unwrap().replace("\r\n", "\n")
}
