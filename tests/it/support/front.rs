//! A TCP front of the shared server, for what a server does that isn't up yet.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;

use seedrow::postgres::embedded::home::SOCKET_NAME;

use super::server;

/// What a front of the shared server does with a connection.
#[derive(Clone, Copy)]
pub enum Answer {
    /// Closes it, as a container's proxy does while no server listens behind it.
    HangUp,
    /// Says that the database system is starting up.
    StartingUp,
    /// Says nothing.
    Silence,
}

/// A TCP front of the shared server that answers the first connections so and passes the rest on; its port.
pub fn front(answers: Vec<Answer>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let socket = Path::new(&server().running().socket).join(SOCKET_NAME);
    thread::spawn(move || {
        let mut held = Vec::new();
        let mut answers = answers.into_iter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            match answers.next() {
                Some(Answer::HangUp) => {}
                Some(Answer::StartingUp) => refuse(&mut stream).unwrap(),
                Some(Answer::Silence) => held.push(stream),
                None => pass_on(stream, UnixStream::connect(&socket).unwrap()),
            }
        }
    });
    port
}

fn refuse(stream: &mut TcpStream) -> io::Result<()> {
    // The request for TLS is as short as this; the start of a session is longer.
    if read_message(stream)? == 4 {
        stream.write_all(b"N")?;
        read_message(stream)?;
    }
    let fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
    stream.write_all(b"E")?;
    stream.write_all(&u32::try_from(fields.len() + 4).unwrap().to_be_bytes())?;
    stream.write_all(fields)
}

/// Reads a message without a type, giving the length of its body.
fn read_message(stream: &mut TcpStream) -> io::Result<usize> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let rest = usize::try_from(u32::from_be_bytes(length)).unwrap() - 4;
    stream.read_exact(&mut vec![0; rest])?;
    Ok(rest)
}

fn pass_on(client: TcpStream, server: UnixStream) {
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (mut from_server, mut to_client) = (server, client);
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Write);
    });
}
