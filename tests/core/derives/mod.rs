//! Programs of users that derive their errors. What must not compile is in `derive/tests/ui`.

#[allow(unreachable_pub, reason = "a generated module")]
mod other_catalogue;
mod ours;
