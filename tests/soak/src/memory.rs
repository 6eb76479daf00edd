use std::fmt;
use std::time::Duration;

/// The memory of the process, in KiB: after the first third of the time, and at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    warm: u64,
    end: u64,
}

/// The permitted growth, in KiB: allocators keep the pages of the time of the largest use.
const SLACK: u64 = 16 << 10;

impl Memory {
    pub(crate) const fn is_flat(&self) -> bool {
        self.end <= self.warm + self.warm / 5 + SLACK
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} KiB after a third of the time, {} KiB at the end", self.warm, self.end)
    }
}

/// Measures the memory after a third of the time, and at its end.
pub(crate) async fn watch(time: Duration) -> Memory {
    tokio::time::sleep(time / 3).await;
    let warm = resident();
    tokio::time::sleep(time - time / 3).await;
    Memory { warm, end: resident() }
}

/// Returns the resident set of the process, in KiB (proc(5), `VmRSS`).
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("proc(5)");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
