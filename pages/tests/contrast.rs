//! The colours of the pages: every text on every background has a contrast of at least 4.5 (WCAG 2.2, 1.4.3, level AA),
//! every edge of a control one of at least 3 (1.4.11), in the light scheme and in the dark one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::collections::HashMap;
use std::fs;
use std::path::Path;

const STYLE: &str = include_str!("../assets/pages.css");

/// Every template and every asset, by its path.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["templates", "assets"].map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let paths = folders.into_iter().flatten().map(|file| file.unwrap().path());
    let sources: Vec<(String, String)> =
        paths.map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect();
    assert!(sources.iter().any(|(_, source)| source == STYLE), "{} files", sources.len());
    sources
}

const TEXTS: [&str; 5] = ["text", "dim", "warn", "bad", "link"];
const BACKGROUNDS: [&str; 2] = ["back", "soft"];
const EDGES: [&str; 1] = ["edge"];
/// Lines that only decorate.
const DECORATION: [&str; 1] = ["line"];

type Scheme = HashMap<&'static str, &'static str>;

/// The light scheme and the dark one: the custom properties of the two `:root` rules.
fn schemes() -> [Scheme; 2] {
    let mut rules = STYLE.split(":root {").skip(1).map(|rest| rest.split_once('}').unwrap().0);
    let mut properties = || -> Scheme {
        let declarations = rules.next().unwrap().split(';').map(str::trim);
        let custom = declarations.filter_map(|declaration| declaration.strip_prefix("--"));
        custom.map(|declaration| declaration.split_once(": ").unwrap()).collect()
    };
    let (light, dark) = (properties(), properties());
    assert_eq!(rules.next(), None, "a third scheme");
    [light, dark]
}

/// WCAG 2.2, "relative luminance".
fn luminance(color: &str) -> f64 {
    let hex = color.strip_prefix('#').unwrap();
    assert_eq!(hex.len(), 6, "{color} is not opaque");
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}

/// WCAG 2.2, "contrast ratio".
fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn the_formula_is_that_of_wcag() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    // The example of "Understanding 1.4.3": #777777 just fails on white.
    assert!((contrast("#777777", "#ffffff") - 4.48).abs() < 0.005);
}

#[test]
fn every_colour_has_enough_contrast() {
    let mut weak = Vec::new();
    for (scheme, name) in schemes().iter().zip(["light", "dark"]) {
        for (colors, least) in [(&TEXTS[..], 4.5), (&EDGES, 3.0)] {
            for color in colors {
                for background in BACKGROUNDS {
                    let ratio = contrast(scheme[color], scheme[background]);
                    if ratio < least {
                        weak.push(format!("{name}: {color} on {background}: {ratio:.2} < {least}"));
                    }
                }
            }
        }
    }
    assert!(weak.is_empty(), "{}", weak.join("\n"));
}

/// So that the table above is all there is.
#[test]
fn no_page_has_another_colour() {
    let known = [&TEXTS[..], &BACKGROUNDS, &EDGES, &DECORATION].concat();
    for scheme in schemes() {
        let mut names: Vec<&str> = scheme.into_keys().collect();
        names.sort_unstable();
        let mut known = known.clone();
        known.sort_unstable();
        assert_eq!(names, known);
    }
    for (path, page) in sources() {
        for used in page.split("var(--").skip(1).map(|rest| rest.split_once(')').unwrap().0) {
            assert!(known.contains(&used), "{path}: {used}");
        }
        for colour in ["opacity: 0", "rgb", " style="] {
            assert!(!page.contains(colour), "{path}: {colour}");
        }
    }
    // A colour is written once, as a property.
    let literal = STYLE.split('#').skip(1).filter(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()));
    assert_eq!(literal.count(), 2 * known.len());
}
