//! What the ready-made observers write.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use codelibra::client::{ClientLayer, MetricsObserver, Observe, RetryPolicy, TracingObserver};
use codelibra::{ApiError, CATALOG, ErrorCode};
use http::{Request, Response};
use http_body_util::Empty;
use tonic::Status;
use tower::retry::Retry;
use tower::{Layer, Service, ServiceExt, service_fn};

/// One failed call, of a peer that answers with this status.
fn fail(status: &Status, observer: impl Observe) {
    let mut fields = http::HeaderMap::new();
    status.add_header(&mut fields).unwrap();
    fields.insert("content-type", "application/grpc".parse().unwrap());
    let answer = move |_: Request<()>| {
        let mut response = Response::new(Empty::<&'static [u8]>::new());
        *response.headers_mut() = fields.clone();
        std::future::ready(Ok::<_, Infallible>(response))
    };
    let mut service = ClientLayer::new::<ErrorCode>().observe(observer).layer(service_fn(answer));
    let request = Request::builder().uri("http://host/shop.Shop/Buy?secret").body(()).unwrap();
    let call = std::pin::pin!(service.call(request));
    assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

#[derive(Default)]
struct Recorder {
    keys: Mutex<Vec<metrics::Key>>,
    count: Arc<AtomicU64>,
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_gauge(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_histogram(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}

    fn register_counter(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        self.keys.lock().unwrap().push(key.clone());
        metrics::Counter::from_arc(Arc::clone(&self.count))
    }

    fn register_gauge(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::noop()
    }

    fn register_histogram(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Histogram {
        assert_eq!(key.name(), MetricsObserver::SECONDS);
        metrics::Histogram::noop()
    }
}

#[test]
fn a_peer_cannot_add_labels() {
    let recorder = Recorder::default();
    metrics::with_local_recorder(&recorder, || {
        for code in 403_000..404_000 {
            fail(&ApiError::from_catalog(&CATALOG, code).unwrap().into(), MetricsObserver);
        }
    });
    assert_eq!(recorder.count.load(Ordering::Relaxed), 1000);
    let keys = recorder.keys.into_inner().unwrap();
    assert!(keys.iter().all(|key| key.name() == MetricsObserver::ERRORS));
    let labels = |name: &str| -> BTreeSet<String> {
        let labels = keys.iter().flat_map(|key| key.labels()).filter(|label| label.key() == name);
        labels.map(|label| label.value().to_owned()).collect()
    };
    let listed = CATALOG.entries().iter().filter(|entry| entry.class() == 403);
    let expected: BTreeSet<String> =
        listed.map(|entry| entry.code.to_string()).chain(["403000".to_owned()]).collect();
    assert_eq!(labels("code"), expected);
    assert_eq!(labels("method"), BTreeSet::from(["/shop.Shop/Buy".to_owned()]));
    assert_eq!(labels("grpc_code"), BTreeSet::from(["PERMISSION_DENIED".to_owned()]));
    assert_eq!(labels("synthesized"), BTreeSet::from(["false".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn retries_are_counted_with_labels_that_a_peer_cannot_choose() {
    let recorder = Recorder::default();
    let guard = metrics::set_default_local_recorder(&recorder);
    let policy = RetryPolicy::<ErrorCode>::new()
        .idempotent()
        .method("/shop.Shop/Buy")
        .observe(MetricsObserver)
        .observe(MetricsObserver);
    let call = service_fn(|_: tonic::Request<()>| {
        let error = ApiError::from_catalog(&CATALOG, 503_777).unwrap();
        std::future::ready(Err::<(), _>(Status::from(error)))
    });
    Retry::new(policy.max_retries(2), call).oneshot(tonic::Request::new(())).await.unwrap_err();
    drop(guard);
    assert_eq!(recorder.count.load(Ordering::Relaxed), 4);
    for key in recorder.keys.into_inner().unwrap() {
        assert_eq!(key.name(), MetricsObserver::RETRIES);
        let labels: Vec<_> = key.labels().map(|label| (label.key(), label.value())).collect();
        assert_eq!(labels, [("method", "/shop.Shop/Buy"), ("code", "503000"), ("grpc_code", "UNAVAILABLE")]);
    }
}

/// Writes each event as one text.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

struct Fields<'a>(&'a mut String);

impl tracing::field::Visit for Fields<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl tracing::Subscriber for Events {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "codelibra::client"
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = event.metadata().level().to_string();
        event.record(&mut Fields(&mut text));
        self.0.lock().unwrap().push(text);
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn an_event_is_one_line_whatever_the_message_is() {
    let events = Events::default();
    tracing::subscriber::with_default(events.clone(), || {
        let forged = "oops\r\n2026-01-01 ERROR forged\x1b[31m";
        fail(&ErrorCode::USER_BANNED.with_message(forged).into(), TracingObserver::new());
        fail(&ErrorCode::UNEXPECTED_ERROR.into(), TracingObserver::new());
    });
    let events = events.0.lock().unwrap();
    let [banned, unexpected] = &events[..] else { panic!("{events:?}") };
    assert!(
        banned.starts_with("DEBUG method=\"/shop.Shop/Buy\" code=403003 domain=\"codelibra\""),
        "{banned}"
    );
    assert!(banned.contains(r#"message="oops\r\n2026-01-01 ERROR forged\u{1b}[31m""#), "{banned}");
    assert!(!banned.contains(char::is_control), "{banned}");
    assert!(unexpected.starts_with("WARN ") && unexpected.contains(" code=500001 "), "{unexpected}");
}

#[test]
fn a_panic_of_an_observer_harms_neither_the_call_nor_the_other_observers() {
    let seen = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&seen);
    let count = move |_: &codelibra::ReceivedError, _: &codelibra::client::FailedCall<'_>| {
        count.fetch_add(1, Ordering::Relaxed);
    };
    let panics = |_: &codelibra::ReceivedError, _: &codelibra::client::FailedCall<'_>| panic!("observer");
    let status = Status::from(ErrorCode::USER_BANNED);
    // `fail` takes one observer; the layer puts each behind those before it.
    fail(&status, panics);
    let layer =
        ClientLayer::new::<ErrorCode>().observe(panics).observe(count.clone()).observe(panics).observe(count);
    let mut fields = http::HeaderMap::new();
    status.add_header(&mut fields).unwrap();
    fields.insert("content-type", "application/grpc".parse().unwrap());
    let mut service = layer.layer(service_fn(move |_: Request<()>| {
        let mut response = Response::new(Empty::<&'static [u8]>::new());
        *response.headers_mut() = fields.clone();
        std::future::ready(Ok::<_, Infallible>(response))
    }));
    let call = std::pin::pin!(service.call(Request::new(())));
    assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_ready());
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}
