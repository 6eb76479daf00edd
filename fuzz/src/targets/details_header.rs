use codelibra::{CATALOG, ReceivedError};

use crate::oracle::{outcome_of, read_all};
use crate::{Target, seeds};

/// Any value of `grpc-status-details-bin` is read.
pub const DETAILS_HEADER: Target = Target { name: "details_header", run, seeds: seeds::headers };

fn run(data: &[u8]) -> u64 {
    outcome_of(&read_all(ReceivedError::from_details_header(data, &CATALOG)))
}
