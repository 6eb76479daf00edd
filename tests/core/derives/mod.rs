//! Programs of users that derive their errors. `derive/tests/ui` contains the programs that must not compile.

#[allow(unreachable_pub, reason = "a generated module")]
mod other_catalogue;
mod ours;
