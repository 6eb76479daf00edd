//! Streaming HTTP responses with a typed end.
//!
//! HTTP has no place for a failure after the first byte of a body. Therefore each line has a type, and the last line is the
//! end or an error. A response without either was cut.
//!
//! | | NDJSON | server-sent events |
//! |---|---|---|
//! | item | `{"result":…}` | `data: …` |
//! | failed | `{"error":{"code":403003,…}}`, the native form | `event: error`, `data: {"code":403003,…}` |
//! | finished | `{"end":{}}` | `event: end`, `data: {}` |

mod array;
mod body;
mod form;
mod reader;

pub use body::StreamBody;
pub use form::StreamForm;
pub use reader::{StreamEvent, StreamReader};
