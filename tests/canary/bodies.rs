//! A row as an HTTP response in each of the five forms, as another library writes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use codelibra::GrpcCode;
use codelibra::http::Form;
use http::Response;
use prost::Message;
use serde_json::{Map, Value, json};
use tonic::body::Body;

use crate::table::Case;

const PREFIX: &str = "type.googleapis.com/";

impl Case {
    /// The response, if the form has a place for all of the failure.
    pub(crate) fn http_response(&self, form: Form) -> Option<Response<Body>> {
        let body = match form {
            Form::Native => self.native(),
            Form::Problem => self.problem()?,
            Form::Aip193 => json!({"error": self.rpc_status(self.class.status().into(), true)}),
            Form::RpcStatus => self.rpc_status(i32::from(self.class.grpc_code()), false),
            Form::Connect => self.connect(),
            _ => unreachable!("a new form needs a body here"),
        };
        let response = Response::builder().status(self.class.status());
        let body = http_body_util::Full::new(Bytes::from(body.to_string()));
        Some(response.header("content-type", form.media_type()).body(Body::new(body)).unwrap())
    }

    fn typed_detail(&self) -> Vec<Value> {
        let typed = self.detail().map(|(name, _, mut json)| {
            json["@type"] = format!("{PREFIX}{name}").into();
            json
        });
        typed.into_iter().collect()
    }

    /// The members that the native form and the problem have in common.
    fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| drop(members.insert(name.into(), value));
        if !self.domain().is_empty() {
            put("domain", self.domain().into());
        }
        if !self.reason().is_empty() {
            put("reason", self.reason().into());
        }
        if let Some((key, value)) = self.metadata() {
            put("metadata", json!({key: value}));
        }
        put("details", self.typed_detail().into());
        members
    }

    fn native(&self) -> Value {
        let mut members = self.members();
        // Without a code of six digits, the member is the HTTP status, as in a body of Kratos.
        let code = self.number().unwrap_or_else(|| self.class.status().into());
        members.insert("code".into(), code.into());
        if self.has_message {
            members.insert("message".into(), self.message().into());
        }
        members.into()
    }

    /// `None` for a problem that nothing identifies: all its members are then extensions of another service.
    fn problem(&self) -> Option<Value> {
        self.google_info()?;
        let mut members = self.members();
        members.insert("type".into(), "about:blank".into());
        members.insert("status".into(), self.class.status().into());
        if let Some(number) = self.number() {
            members.insert("code".into(), number.into());
        }
        if self.has_message {
            members.insert("detail".into(), self.message().into());
        }
        Some(members.into())
    }

    fn rpc_status(&self, code: i32, has_status: bool) -> Value {
        let info = self.google_info().map(|info| {
            let mut json = json!({"@type": format!("{PREFIX}google.rpc.ErrorInfo")});
            json["reason"] = info.reason.into();
            json["domain"] = info.domain.into();
            json["metadata"] =
                info.metadata.into_iter().map(|(key, value)| (key, Value::from(value))).collect();
            json
        });
        let details: Vec<Value> = info.into_iter().chain(self.typed_detail()).collect();
        let mut status = json!({"code": code, "message": self.message(), "details": details});
        if has_status {
            status["status"] = GrpcCode::from(self.class.grpc_code()).name().into();
        }
        status
    }

    fn connect(&self) -> Value {
        let info = self.google_info().map(|info| ("google.rpc.ErrorInfo", info.encode_to_vec()));
        let detail = self.detail().map(|(name, value, _)| (name, value));
        let details: Vec<Value> = info
            .into_iter()
            .chain(detail)
            .map(|(name, value)| json!({"type": name, "value": STANDARD_NO_PAD.encode(value)}))
            .collect();
        let code = GrpcCode::from(self.class.grpc_code()).name().to_lowercase();
        let mut error = json!({"code": code, "details": details});
        if self.has_message {
            error["message"] = self.message().into();
        }
        error
    }
}
