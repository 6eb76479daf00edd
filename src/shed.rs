use std::fmt;

macro_rules! shed {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        /// A part of an error that a server left out to stay within what proxies let through, as
        /// `codelibra.error.v1.Shed` numbers it. The order is the one in which a server does so.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Shed {
            $($(#[$doc])* $variant,)*
        }

        impl Shed {
            /// Every part, in the order in which a server leaves them out.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            #[cfg(any(feature = "gateway", feature = "server"))]
            pub(crate) const fn number(self) -> u8 {
                match self {
                    $(Self::$variant => $number,)*
                }
            }

            pub(crate) const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for Shed {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $name,)*
                })
            }
        }
    };
}

shed! {
    /// google.rpc.DebugInfo.
    DebugInfo = 1, "DebugInfo";
    /// google.rpc.Help.
    Help = 2, "Help";
    /// google.rpc.LocalizedMessage.
    LocalizedMessage = 3, "LocalizedMessage";
    /// Field violations of google.rpc.BadRequest, from the end.
    FieldViolations = 4, "field violations";
    /// Other details.
    Details = 5, "details";
    /// Metadata.
    Metadata = 6, "metadata";
    /// The end of the message, or all of it.
    Message = 7, "the end of the message";
}
