//! The messages between the suite's runner and a program under test: four bytes of length (big-endian), then the
//! message.

use std::io;

use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Reads the next message; `None` at the end of the input.
pub(crate) async fn read<M: Message + Default>(
    input: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<M>> {
    let len = match input.read_u32().await {
        Ok(len) => usize::try_from(len).map_err(io::Error::other)?,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = vec![0; len];
    input.read_exact(&mut bytes).await?;
    M::decode(&*bytes).map(Some).map_err(io::Error::other)
}

pub(crate) async fn write(message: &impl Message, output: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let bytes = message.encode_to_vec();
    output.write_u32(u32::try_from(bytes.len()).map_err(io::Error::other)?).await?;
    output.write_all(&bytes).await?;
    output.flush().await
}
