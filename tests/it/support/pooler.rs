//! A pooler in transaction mode in front of the shared server, which hands out sessions as PgBouncer does.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use seedrow::postgres::embedded::home::SOCKET_NAME;

use super::server;

const TLS_REQUEST: u32 = 80_877_103;

/// Starts one for a database and returns its port on 127.0.0.1. Its clients share three sessions, transaction by
/// transaction.
pub fn pooler(database: &str) -> u16 {
    let socket = Path::new(&server().running().socket).join(SOCKET_NAME);
    let sessions: Vec<UnixStream> = (0..3)
        .map(|_| {
            let mut session = UnixStream::connect(&socket).unwrap();
            log_in(&mut session, database).unwrap();
            session
        })
        .collect();
    // Handed out last in, first out.
    let pool = Arc::new(Mutex::new(sessions));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, pool) = (client.unwrap(), Arc::clone(&pool));
            // A client that hangs up ends its thread.
            thread::spawn(move || serve(client, &pool));
        }
    });
    port
}

fn log_in(session: &mut UnixStream, database: &str) -> io::Result<()> {
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for text in ["user", "postgres", "database", database, ""] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    session.write_all(&(u32::try_from(body.len()).unwrap() + 4).to_be_bytes())?;
    session.write_all(&body)?;
    while read_message(session)?.0 != b'Z' {}
    Ok(())
}

fn serve(mut client: TcpStream, pool: &Mutex<Vec<UnixStream>>) -> io::Result<()> {
    while read_startup(&mut client)? == TLS_REQUEST {
        client.write_all(b"N")?;
    }
    write_message(&mut client, b'R', &0_u32.to_be_bytes())?;
    write_message(&mut client, b'S', b"server_version\x0015.0\0")?;
    write_message(&mut client, b'K', &[0; 8])?;
    write_message(&mut client, b'Z', b"I")?;
    loop {
        let mut message = read_message(&mut client)?;
        if message.0 == b'X' {
            return Ok(());
        }
        let taken = lock(pool).pop();
        let mut session = taken.expect("more transactions at a time than the pool has sessions");
        // One transaction. The session is given back before the client hears of its end.
        let end = loop {
            let (kind, body) = &message;
            write_message(&mut session, *kind, body)?;
            // A query, or the end of a round of the extended protocol, is answered up to ReadyForQuery.
            if matches!(kind, b'Q' | b'S') {
                let ready = loop {
                    let (kind, body) = read_message(&mut session)?;
                    if kind == b'Z' {
                        break body;
                    }
                    write_message(&mut client, kind, &body)?;
                };
                if ready == b"I" {
                    break ready;
                }
                write_message(&mut client, b'Z', &ready)?;
            }
            message = read_message(&mut client)?;
        };
        lock(pool).push(session);
        write_message(&mut client, b'Z', &end)?;
    }
}

fn lock(pool: &Mutex<Vec<UnixStream>>) -> MutexGuard<'_, Vec<UnixStream>> {
    pool.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The code that a startup message begins with.
fn read_startup(stream: &mut impl Read) -> io::Result<u32> {
    let body = read_body(stream)?;
    Ok(u32::from_be_bytes(body[..4].try_into().unwrap()))
}

fn read_message(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut kind = [0];
    stream.read_exact(&mut kind)?;
    Ok((kind[0], read_body(stream)?))
}

fn read_body(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap() - 4];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn write_message(stream: &mut impl Write, kind: u8, body: &[u8]) -> io::Result<()> {
    let mut message = vec![kind];
    message.extend_from_slice(&(u32::try_from(body.len()).unwrap() + 4).to_be_bytes());
    message.extend_from_slice(body);
    stream.write_all(&message)
}
