use codelibra::ErrorCode;
use codelibra::http::{Reader, StreamEvent, StreamForm, StreamReader};

use crate::oracle::{outcome, outcome_of, read_all};
use crate::{Target, seeds};

/// Any stream is read, and the events do not depend on the lengths of the chunks.
pub const STREAM_READER: Target = Target { name: "stream_reader", run, seeds: seeds::bodies };

fn run(data: &[u8]) -> u64 {
    let chunk = usize::from(data.last().copied().unwrap_or(0) % 16) + 1;
    outcome([StreamForm::Ndjson, StreamForm::Sse].map(|form| {
        let whole = events(form, std::iter::once(data));
        assert_eq!(events(form, data.chunks(chunk)), whole, "chunks of {chunk} bytes");
        // The outcome depends on the kinds of the events, but not on their contents.
        let kinds = whole.iter().map(|event| event.split(' ').next().unwrap_or_default().len().min(8));
        outcome(kinds.collect::<Vec<_>>())
    }))
}

/// Returns the events as texts that can be compared.
fn events<'a>(form: StreamForm, chunks: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut reader = StreamReader::new(form, Reader::new::<ErrorCode>());
    let mut events = Vec::new();
    for chunk in chunks {
        reader.push(chunk);
        while let Some(event) = reader.next() {
            events.push(match event {
                StreamEvent::Item(item) => item,
                StreamEvent::Failed(error) => {
                    let outcome = outcome_of(&error);
                    format!("failed {outcome} {}", read_all(error).message())
                }
                other => format!("{other:?}"),
            });
        }
    }
    if let Err(error) = reader.finish() {
        events.push(format!("cut {:?}", error.notes()));
    }
    events
}
