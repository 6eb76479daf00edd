//! gRPC-Web responses inside the server layer. They are read as responses of gRPC, and the result is written as gRPC-Web again.
//!
//! gRPC-Web sends the status in a trailer frame, the last frame of the body (PROTOCOL-WEB.md, "Message framing").
//! [`WebFrames`] turns this frame into HTTP trailers before the layer decides, and trailers into a frame after it.

mod answer;
mod fields;
mod frame;
mod text;
mod web_frames;

pub(super) use answer::{answer_encoding, fits, prepare};
pub(super) use web_frames::WebFrames;
