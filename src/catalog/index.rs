//! The lookup tables of a catalogue: one read of memory finds an entry, whatever the number of entries.

use crate::catalog::Entry;
use crate::wire::{MIN_CODE, is_code};

/// The lookup tables of a catalogue.
pub(super) struct Index {
    /// The entries, in the order of their codes.
    entries: &'static [Entry],
    /// One for each 32 numbers from 400000 up to the highest listed one.
    blocks: Vec<Block>,
    names: TextTable,
    reasons: TextTable,
}

/// 32 consecutive numbers.
#[derive(Clone, Copy, Default)]
struct Block {
    /// One bit for each listed number.
    listed: u32,
    /// The number of entries before the block.
    before: u32,
}

impl Index {
    pub(super) fn new(mut entries: &'static [Entry]) -> Self {
        // `codelibra-build` sorts the entries. A catalogue made at run time can have any order.
        if !entries.is_sorted_by(|a, b| a.code < b.code) || !entries.iter().all(|e| is_code(e.code)) {
            let mut sorted: Vec<Entry> = entries.iter().copied().filter(|e| is_code(e.code)).collect();
            sorted.sort_by_key(|entry| entry.code);
            sorted.dedup_by_key(|entry| entry.code);
            entries = sorted.leak();
        }
        let mut blocks = Vec::new();
        for (at, entry) in (0..).zip(entries) {
            let Some((block, bit)) = place(entry.code) else { continue };
            blocks.resize(blocks.len().max(block + 1), Block { listed: 0, before: at });
            if let Some(block) = blocks.get_mut(block) {
                block.listed |= bit;
            }
        }
        let names = TextTable::new(entries, |entry| entry.name);
        Self { entries, blocks, names, reasons: TextTable::new(entries, |entry| entry.reason) }
    }

    #[inline]
    pub(super) fn by_code(&self, code: u32) -> Option<&'static Entry> {
        let (block, bit) = place(code)?;
        let block = self.blocks.get(block)?;
        if block.listed & bit == 0 {
            return None;
        }
        let before = block.before + (block.listed & (bit - 1)).count_ones();
        self.entries.get(usize::try_from(before).ok()?)
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&'static Entry> {
        self.names.find(self.entries, name, |entry| entry.name)
    }

    pub(super) fn by_reason(&self, reason: &str) -> Option<&'static Entry> {
        self.reasons.find(self.entries, reason, |entry| entry.reason)
    }
}

/// The block of a code, and its bit there.
#[inline]
fn place(code: u32) -> Option<(usize, u32)> {
    let number = code.checked_sub(MIN_CODE)?;
    Some((usize::try_from(number / 32).ok()?, 1 << (number % 32)))
}

/// A hash table with open addressing, from a text of an entry to the place of the entry.
struct TextTable {
    /// A free slot is 0. In a used slot, the low bits are the place plus one, and the high bits are a part of the hash. At most
    /// half of the slots are used.
    slots: Vec<u32>,
    /// How far a hash is shifted for the number of a slot.
    shift: u32,
}

/// A place takes 18 bits: there are 200,000 codes.
const PLACE_BITS: u32 = 18;
const PLACE_MASK: u32 = (1 << PLACE_BITS) - 1;

impl TextTable {
    fn new(entries: &'static [Entry], text: impl Fn(&Entry) -> &'static str) -> Self {
        let len = (2 * entries.len()).next_power_of_two().max(2);
        let mut table = Self { slots: vec![0; len], shift: u64::BITS - len.trailing_zeros() };
        for (place, entry) in (1..).zip(entries) {
            let (mut slot, tag) = table.start(text(entry));
            while let Some(used) = table.slots.get_mut(slot) {
                if *used == 0 {
                    *used = tag | place;
                    break;
                }
                slot = table.after(slot);
            }
        }
        table
    }

    #[inline]
    fn find(
        &self,
        entries: &'static [Entry],
        text: &str,
        text_of: impl Fn(&Entry) -> &'static str,
    ) -> Option<&'static Entry> {
        let (mut slot, tag) = self.start(text);
        loop {
            let used = *self.slots.get(slot)?;
            if used & !PLACE_MASK == tag
                && let Some(place) = usize::try_from(used & PLACE_MASK).ok()?.checked_sub(1)
                && let Some(entry) = entries.get(place)
                && text_of(entry) == text
            {
                return Some(entry);
            }
            if used == 0 {
                return None;
            }
            slot = self.after(slot);
        }
    }

    const fn after(&self, slot: usize) -> usize {
        (slot + 1) & (self.slots.len() - 1)
    }

    /// Returns the slot at which a search starts, and the high bits of the slot that contains the text.
    #[inline]
    fn start(&self, text: &str) -> (usize, u32) {
        let hash = hash(text.as_bytes());
        let tag = u32::try_from(hash & u64::from(u32::MAX)).unwrap_or_default() & !PLACE_MASK;
        (usize::try_from(hash >> self.shift).unwrap_or_default(), tag)
    }
}

/// Hashes eight bytes at a time; the high bits are the best ones. The author of a catalogue chooses the texts in the table, so
/// a peer cannot make them collide.
#[inline]
fn hash(text: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let product = (hash ^ word).wrapping_mul(FACTOR);
        product ^ (product >> 32)
    };
    let (words, rest) = text.as_chunks::<8>();
    let hash = words.iter().fold(0, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let tail = match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    mix(hash, tail).wrapping_mul(FACTOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entries: &'static [Entry], listed: &[u32]) {
        let index = Index::new(entries);
        for code in (0..MIN_CODE).step_by(997).chain(MIN_CODE..=600_100).chain([u32::MAX]) {
            let found = index.by_code(code).map(|entry| entry.code);
            assert_eq!(found, Some(code).filter(|code| listed.contains(code)), "{code}");
        }
        for entry in entries.iter().filter(|entry| is_code(entry.code)) {
            assert_eq!(index.by_name(entry.name).map(|found| found.name), Some(entry.name));
            assert_eq!(index.by_reason(entry.reason).map(|found| found.reason), Some(entry.reason));
            assert!(index.by_reason(entry.reason.get(1..).unwrap_or_default()).is_none());
        }
        assert!(index.by_name("").is_none() && index.by_reason("").is_none());
    }

    fn entry(code: u32) -> Entry {
        let template = crate::CATALOG.entries().first().unwrap();
        Entry {
            code,
            name: format!("Name{code}").leak(),
            reason: format!("REASON_{code}").leak(),
            ..*template
        }
    }

    #[test]
    fn finds_every_entry_and_nothing_else() {
        let ours: Vec<u32> = crate::CATALOG.entries().iter().map(|entry| entry.code).collect();
        check(crate::CATALOG.entries(), &ours);
        check(&[], &[]);
        // Both ends, gaps, and the borders of blocks.
        let codes = [400_000, 400_031, 400_032, 400_064, 403_001, 499_999, 500_000, 599_999];
        check(codes.map(entry).to_vec().leak(), &codes);
    }

    /// Numbered texts differ in few bits: the hash has to spread them all the same.
    #[test]
    fn numbered_texts_do_not_crowd_the_table() {
        for (classes, numbers) in [(2, 10), (50, 20), (200, 100)] {
            let codes = (400..400 + classes).flat_map(|class| (1..=numbers).map(move |n| class * 1000 + n));
            let entries: &[Entry] = codes.map(entry).collect::<Vec<_>>().leak();
            for text in [|entry: &Entry| entry.name, |entry: &Entry| entry.reason] {
                let table = TextTable::new(entries, text);
                let steps = |(place, entry): (u32, &Entry)| {
                    let mut slot = table.start(text(entry)).0;
                    (1..).find(|_| {
                        let found = table.slots[slot] & PLACE_MASK == place;
                        slot = table.after(slot);
                        found
                    })
                };
                let steps: usize = (1..).zip(entries).filter_map(steps).sum();
                assert!(steps < 2 * entries.len(), "{steps} steps for {} entries", entries.len());
            }
        }
    }

    #[test]
    fn entries_may_have_any_order() {
        let codes = [503_001, 400_001, 200_000, 403_003, 400_001, 600_000];
        check(codes.map(entry).to_vec().leak(), &[400_001, 403_003, 503_001]);
    }
}
