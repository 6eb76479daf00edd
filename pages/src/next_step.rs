//! The next step after an error, as a sentence for the reader of a page.

use codelibra::Recovery;

/// Returns the meaning of a next step.
pub(crate) fn sentence(recovery: &Recovery) -> Option<&'static str> {
    Some(match recovery {
        Recovery::FixRequest => "Change the request, then send it again. The same request would fail again.",
        Recovery::Authenticate => "Sign in, then send the request again with the new credentials.",
        Recovery::StepUp => {
            "Prove more about the user, such as a passkey, a second factor or a wider scope. Then send the request again."
        }
        Recovery::Wait => "Wait until the time that the error contains, then send the request again.",
        Recovery::Refresh => {
            "Read the current state again, because your copy is stale. Then repeat the change."
        }
        Recovery::AcceptTerms => "Ask the user to accept the terms, then send the request again.",
        Recovery::Retry => "Send the same request again after a pause.",
        Recovery::ContactSupport => "Contact support. A program cannot solve this problem.",
        Recovery::None => "There is no next step.",
        _ => return None,
    })
}
