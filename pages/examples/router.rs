//! The pages of a catalogue in a service with axum: `cargo run -p codelibra-pages --features axum --example router`.

use axum::Router;
use codelibra::ErrorCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    // A service whose router is nested: the links of the pages are relative.
    let service: Router = Router::new().merge(codelibra_pages::router::<ErrorCode, _>("/errors"));
    let app = Router::new().nest("/shop", service);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    #[allow(clippy::print_stdout, reason = "the address is the output")]
    {
        println!("http://{}/shop/errors", listener.local_addr()?);
    }
    axum::serve(listener, app).await
}
