//! The worker of this example in Rust, registered in the form of the older documents. Tried with iii-sdk
//! 0.10.0 and Rust 1.95. Cargo.toml: iii-sdk = "=0.10.0", serde_json = "1",
//! tokio = { version = "1", features = ["full"] }

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use iii_sdk::{
    register_worker, IIIError, InitOptions, RegisterFunctionMessage, TriggerAction, TriggerRequest,
    III,
};
use serde_json::{json, Value};

fn message(id: &str) -> RegisterFunctionMessage {
    RegisterFunctionMessage {
        id: id.to_string(),
        description: None,
        request_format: None,
        response_format: None,
        metadata: None,
        invocation: None,
    }
}

async fn then(
    iii: &III,
    function_id: &str,
    queue: &str,
    payload: Value,
) -> Result<Value, IIIError> {
    iii.trigger(TriggerRequest {
        function_id: function_id.to_string(),
        payload,
        action: Some(TriggerAction::Enqueue {
            queue: queue.to_string(),
        }),
        timeout_ms: None,
    })
    .await
}

#[tokio::main]
async fn main() -> Result<(), IIIError> {
    let url = std::env::var("III_URL").unwrap_or_else(|_| "ws://127.0.0.1:49134".to_string());
    let iii = register_worker(&url, InitOptions::default());
    let done: Arc<Mutex<Vec<Value>>> = Arc::default();
    let has_failed: Arc<AtomicBool> = Arc::default();

    let iii_clone = iii.clone();
    iii.register_function((message("images::upload"), move |image: Value| {
        let iii = iii_clone.clone();
        async move {
            let id = image["id"].clone();
            then(
                &iii,
                "images::resize",
                "images",
                json!({ "id": id, "size": 100 }),
            )
            .await?;
            Ok(json!({ "id": id }))
        }
    }));

    let iii_clone = iii.clone();
    iii.register_function((message("images::resize"), move |image: Value| {
        let (iii, has_failed) = (iii_clone.clone(), has_failed.clone());
        async move {
            if image["id"] == "flaky" && !has_failed.swap(true, Ordering::SeqCst) {
                return Err(IIIError::Handler("out of memory".to_string()));
            }
            then(&iii, "images::publish", "images", image).await
        }
    }));

    let iii_clone = iii.clone();
    iii.register_function((message("images::publish"), move |image: Value| {
        let iii = iii_clone.clone();
        async move {
            let id = image["id"].as_str().unwrap_or("");
            let text = format!("{id} is there in {} pixels", image["size"]);
            then(
                &iii,
                "notifications::send",
                "default",
                json!({ "text": text }),
            )
            .await
        }
    }));

    let notified = done.clone();
    iii.register_function((
        message("notifications::send"),
        move |notification: Value| {
            notified.lock().unwrap().push(notification);
            async move { Ok(Value::Null) }
        },
    ));

    iii.register_function((message("notifications::list"), move |_: Value| {
        let list = json!(*done.lock().unwrap());
        async move { Ok(list) }
    }));

    tokio::signal::ctrl_c()
        .await
        .expect("Ctrl-C can be waited for");
    iii.shutdown_async().await;
    Ok(())
}
