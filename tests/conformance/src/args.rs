/// `client|server --layers on|off [--details sent|attached] [--web outside|inside]`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Args {
    pub(crate) mode: Mode,
    pub(crate) layers: Layers,
    pub(crate) details: Details,
    pub(crate) web: Web,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Client,
    Server,
}

/// Whether CodeLibra's layers are used. Without them, the program is the control: tonic alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layers {
    On,
    Off,
}

/// Which details of an error the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Details {
    /// All, as the server layer sends them.
    Sent,
    /// Those that the service attached. The additions of the layer are checked, then removed.
    Attached,
}

/// The position of tonic-web's layer in the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Web {
    /// Outside of the server layer, which sees only gRPC.
    Outside,
    /// Inside of the server layer, which sees the answers in gRPC-Web. Details are sent unchanged.
    Inside,
}

impl Args {
    /// Reads the arguments of the process.
    ///
    /// # Errors
    ///
    /// Returns a message that names the argument that is missing or unknown.
    pub(crate) fn from_env() -> Result<Self, String> {
        let mut args = std::env::args().skip(1);
        let mode = match args.next().as_deref() {
            Some("client") => Mode::Client,
            Some("server") => Mode::Server,
            other => return Err(format!("the first argument is {other:?}: use client or server")),
        };
        let (mut layers, mut details, mut web) = (None, Details::Sent, Web::Outside);
        while let Some(name) = args.next() {
            let value = args.next().unwrap_or_default();
            match (name.as_str(), value.as_str()) {
                ("--layers", "on") => layers = Some(Layers::On),
                ("--layers", "off") => layers = Some(Layers::Off),
                ("--details", "sent") => details = Details::Sent,
                ("--details", "attached") => details = Details::Attached,
                ("--web", "outside") => web = Web::Outside,
                ("--web", "inside") => web = Web::Inside,
                _ => return Err(format!("unknown argument {name} {value:?}")),
            }
        }
        let layers = layers.ok_or("--layers is missing: use --layers on or --layers off")?;
        Ok(Self { mode, layers, details, web })
    }
}
