//! A server that writes HTTP/2 frames itself (RFC 9113), so that it can send responses that no library sends. It writes all
//! frames at once, so that their order of arrival does not depend on scheduling.

#![allow(dead_code, unreachable_pub, reason = "a test helper; not every test uses all of it")]

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore};

pub(crate) type Fields = Vec<(&'static str, Vec<u8>)>;

/// One part of a response.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// A header block that does not end the stream.
    Headers(u16, Fields),
    /// The first header block, which also ends the stream.
    HeadersOnly(u16, Fields),
    Data(Vec<u8>),
    /// Data that ends the stream.
    LastData(Vec<u8>),
    Trailers(Fields),
    Reset(u32),
}

pub(crate) type Script = Vec<Part>;

/// One gRPC message: an `Item` with the text `x`.
pub(crate) const MESSAGE: &[u8] = &[0, 0, 0, 0, 3, 0x0a, 1, b'x'];

/// Delays the innocent call until the hostile one has ended.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) seen: Arc<Semaphore>,
    pub(crate) go: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { seen: Arc::new(Semaphore::new(0)), go: Arc::new(Semaphore::new(0)) }
    }
}

/// Listens on a free port. On each connection the first call is innocent: it receives a valid response after the gate opens. Every
/// other call receives the script.
pub(crate) async fn start(script: Script, gate: Gate) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // Without `TCP_NODELAY`, a small frame waits 40 ms for an acknowledgement.
            socket.set_nodelay(true).unwrap();
            tokio::spawn(serve(socket, script.clone(), gate.clone()));
        }
    });
    address
}

/// Returns the headers of a gRPC response.
pub(crate) fn grpc(mut fields: Fields) -> Fields {
    fields.insert(0, ("content-type", b"application/grpc".to_vec()));
    fields
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const MAX_FRAME: usize = 16_384;

/// Serves one connection until its socket is closed.
async fn serve(socket: TcpStream, script: Script, gate: Gate) -> Option<()> {
    let (mut reader, writer) = socket.into_split();
    let writer = Arc::new(Mutex::new(writer));
    reader.read_exact(&mut [0; 24]).await.ok()?;
    write(&writer, frame(SETTINGS, 0, 0, &[])).await?;
    let mut calls = 0;
    loop {
        let mut head = [0; 9];
        reader.read_exact(&mut head).await.ok()?;
        let len = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        reader.read_exact(&mut payload).await.ok()?;
        match (head[3], head[4] & ACK) {
            (SETTINGS, 0) => write(&writer, frame(SETTINGS, ACK, 0, &[])).await?,
            (PING, 0) => write(&writer, frame(PING, ACK, 0, &payload)).await?,
            (HEADERS, _) if calls == 0 => {
                calls += 1;
                gate.seen.add_permits(1);
                tokio::spawn(innocent(Arc::clone(&writer), stream, gate.clone()));
            }
            (HEADERS, _) => write(&writer, encode(&script, stream)).await?,
            _ => {}
        }
    }
}

async fn innocent(writer: Arc<Mutex<OwnedWriteHalf>>, stream: u32, gate: Gate) -> Option<()> {
    gate.go.acquire().await.ok()?.forget();
    let trailers = vec![("grpc-status", b"0".to_vec())];
    let script = [Part::Headers(200, grpc(vec![])), Part::Data(MESSAGE.to_vec()), Part::Trailers(trailers)];
    write(&writer, encode(&script, stream)).await
}

async fn write(writer: &Mutex<OwnedWriteHalf>, frames: Vec<u8>) -> Option<()> {
    writer.lock().await.write_all(&frames).await.ok()
}

fn encode(script: &[Part], stream: u32) -> Vec<u8> {
    let encode = |part: &Part| match part {
        Part::Headers(status, fields) => block(Some(*status), fields, 0, stream),
        Part::HeadersOnly(status, fields) => block(Some(*status), fields, END_STREAM, stream),
        Part::Trailers(fields) => block(None, fields, END_STREAM, stream),
        Part::Data(data) => frame(DATA, 0, stream, data),
        Part::LastData(data) => frame(DATA, END_STREAM, stream, data),
        Part::Reset(reason) => frame(RST_STREAM, 0, stream, &reason.to_be_bytes()),
    };
    script.iter().flat_map(encode).collect()
}

/// Writes a header block: literals without indexing and without Huffman coding (RFC 7541 §6.2.2).
fn block(status: Option<u16>, fields: &Fields, flags: u8, stream: u32) -> Vec<u8> {
    let status = status.map(|status| (":status", status.to_string().into_bytes()));
    let mut block = Vec::new();
    for (name, value) in status.iter().chain(fields) {
        block.push(0);
        string(name.as_bytes(), &mut block);
        string(value, &mut block);
    }
    let chunks: Vec<&[u8]> = block.chunks(MAX_FRAME).collect();
    let last = chunks.len() - 1;
    let frames = chunks.into_iter().enumerate().flat_map(|(i, chunk)| {
        let end = if i == last { END_HEADERS } else { 0 };
        match i {
            0 => frame(HEADERS, flags | end, stream, chunk),
            _ => frame(CONTINUATION, end, stream, chunk),
        }
    });
    frames.collect()
}

/// Writes a string literal (RFC 7541 §5.2) with its length (§5.1).
fn string(text: &[u8], block: &mut Vec<u8>) {
    match u8::try_from(text.len()) {
        Ok(len) if len < 127 => block.push(len),
        _ => {
            block.push(127);
            let mut rest = text.len() - 127;
            while rest >= 128 {
                block.push(u8::try_from(rest % 128).unwrap() | 128);
                rest /= 128;
            }
            block.push(u8::try_from(rest).unwrap());
        }
    }
    block.extend(text);
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![len[1], len[2], len[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}
