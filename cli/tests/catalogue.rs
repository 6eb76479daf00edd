//! `new`, `check` and `diff`, on catalogues that are edited in each case: every seeded fault is found, and harmless changes
//! have no findings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "catalogue/bad_input.rs"]
mod bad_input;
#[path = "catalogue/branches.rs"]
mod branches;
#[path = "catalogue/check.rs"]
mod check;
#[path = "catalogue/diff.rs"]
mod diff;
#[path = "catalogue/harmless.rs"]
mod harmless;
#[path = "catalogue/new.rs"]
mod new;
#[path = "catalogue/support.rs"]
mod support;
