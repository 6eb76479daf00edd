use ::base64::Engine;
use ::base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use codelibra::{CATALOG, ReceivedError};

use crate::oracle::{outcome_of, read_all};
use crate::{Target, seeds};

/// A status is read in the same way from every variant of base64, joined with itself, and after a value that is not base64.
pub const BASE64: Target = Target { name: "base64", run, seeds: seeds::statuses };

fn run(data: &[u8]) -> u64 {
    let expected = read_all(ReceivedError::from_details(data.to_vec(), &CATALOG));
    for engine in [BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD] {
        let text = engine.encode(data);
        for header in [text.clone(), format!("{text},{text}"), format!(" {text} "), format!("!!!,{text}")] {
            let error = ReceivedError::from_details_header(header.as_bytes(), &CATALOG);
            assert_eq!(error.number(), expected.number(), "{header}");
            assert_eq!(error.message(), expected.message(), "{header}");
            assert!(error.details().eq(expected.details()), "{header}");
        }
    }
    outcome_of(&expected)
}
