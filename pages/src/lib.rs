//! The pages of an error catalogue: a list with a search, and a page for each code.
//!
//! There is one implementation for three uses. [`Pages::files`] makes static files, which work in any folder of any host, and
//! without a server. `router` (feature `axum`) is a router for the service that sends the errors. `codelibra serve` adds forms
//! that raise each error.
//!
//! ```
//! use codelibra::CATALOG;
//! use codelibra_pages::Pages;
//!
//! let pages = Pages::new(&CATALOG);
//! let page = pages.files().find(|file| file.path == "403003/index.html").unwrap();
//! assert!(page.content.contains("This user has been banned."));
//! ```

mod code;
pub mod example;
mod failure;
mod files;
mod frame;
mod links;
mod list;
mod lookup;
mod nearest;
mod next_step;
mod pages;
mod relations;
#[cfg(feature = "axum")]
mod router;
mod rust_field;
mod sample;
mod snippets;
#[allow(dead_code, unreachable_pub, reason = "a file of the crate `codelibra-build`, which exports it")]
mod wanted_name;

pub use failure::ErrorPage;
pub use files::File;
pub use links::Links;
pub use list::Filter;
pub use lookup::{Found, is_number, look_up, nearest_entries};
pub use nearest::{nearest_name, nearest_names, nearest_numbers};
pub use pages::Pages;
#[cfg(feature = "axum")]
pub use router::router;
