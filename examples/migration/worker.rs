//! The worker of this example in Rust. Tried with iii-sdk 0.11.6 and Rust 1.95. Cargo.toml:
//! iii-sdk = "=0.11.6", serde_json = "1", tokio = { version = "1", features = ["full"] }

use std::sync::{Arc, Mutex};

use iii_sdk::{
    register_worker, IIIError, InitOptions, RegisterFunction, RegisterTriggerInput, TriggerAction,
    TriggerRequest,
};
use serde_json::{json, Value};

#[tokio::main]
async fn main() -> Result<(), IIIError> {
    let url = std::env::var("III_URL").unwrap_or_else(|_| "ws://127.0.0.1:49134".to_string());
    let iii = register_worker(&url, InitOptions::default());
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();

    // Before: a topic, and a trigger that connects it with the function.
    let mails = seen.clone();
    iii.register_function(RegisterFunction::new(
        "old::send-mail",
        move |order: Value| {
            mails.lock().unwrap().push(format!("old {}", order["id"]));
            Ok::<Value, IIIError>(Value::Null)
        },
    ));
    iii.register_trigger(RegisterTriggerInput {
        trigger_type: "queue".into(),
        function_id: "old::send-mail".into(),
        config: json!({ "topic": "order.created" }),
        metadata: None,
    })?;
    let iii_clone = iii.clone();
    iii.register_function(RegisterFunction::new_async(
        "old::create",
        move |order: Value| {
            let iii = iii_clone.clone();
            async move {
                iii.trigger(TriggerRequest {
                    function_id: "enqueue".to_string(),
                    payload: json!({ "topic": "order.created", "data": order }),
                    action: Some(TriggerAction::Void),
                    timeout_ms: None,
                })
                .await
            }
        },
    ));

    // After: the function is named, the queue has its limits in iii-config.yaml, and there is a receipt.
    let mails = seen.clone();
    iii.register_function(RegisterFunction::new(
        "new::send-mail",
        move |order: Value| {
            mails.lock().unwrap().push(format!("new {}", order["id"]));
            Ok::<Value, IIIError>(Value::Null)
        },
    ));
    let iii_clone = iii.clone();
    iii.register_function(RegisterFunction::new_async(
        "new::create",
        move |order: Value| {
            let iii = iii_clone.clone();
            async move {
                iii.trigger(TriggerRequest {
                    function_id: "new::send-mail".to_string(),
                    payload: order,
                    action: Some(TriggerAction::Enqueue {
                        queue: "mail".to_string(),
                    }),
                    timeout_ms: None,
                })
                .await
            }
        },
    ));

    iii.register_function(RegisterFunction::new("mails", move |_: Value| {
        Ok::<Value, IIIError>(json!(*seen.lock().unwrap()))
    }));

    tokio::signal::ctrl_c()
        .await
        .expect("Ctrl-C can be waited for");
    iii.shutdown_async().await;
    Ok(())
}
