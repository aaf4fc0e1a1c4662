//! The worker of this example in Rust. Tried with iii-sdk 0.11.6 and Rust 1.95. Cargo.toml:
//! iii-sdk = "=0.11.6", serde_json = "1", tokio = { version = "1", features = ["full"] }

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iii_sdk::{
    register_worker, IIIError, InitOptions, RegisterFunction, TriggerAction, TriggerRequest,
};
use serde_json::{json, Value};

/// Stands for the provider: it refuses the fifth address once.
#[derive(Default)]
struct Provider {
    running: u32,
    most: u32,
    sent: u32,
    refused: HashSet<String>,
}

async fn post(provider: &Mutex<Provider>, to: &str) -> u16 {
    {
        let mut provider = provider.lock().unwrap();
        provider.running += 1;
        provider.most = provider.most.max(provider.running);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut provider = provider.lock().unwrap();
    provider.running -= 1;
    if to.starts_with("user5@") && provider.refused.insert(to.to_string()) {
        return 429;
    }
    provider.sent += 1;
    202
}

#[tokio::main]
async fn main() -> Result<(), IIIError> {
    let url = std::env::var("III_URL").unwrap_or_else(|_| "ws://127.0.0.1:49134".to_string());
    let iii = register_worker(&url, InitOptions::default());
    let provider: Arc<Mutex<Provider>> = Arc::default();

    let iii_clone = iii.clone();
    iii.register_function(RegisterFunction::new_async(
        "campaigns::launch",
        move |campaign: Value| {
            let iii = iii_clone.clone();
            async move {
                let recipients = campaign["recipients"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                for recipient in &recipients {
                    iii.trigger(TriggerRequest {
                        function_id: "emails::send".into(),
                        payload: json!({ "to": recipient }),
                        action: Some(TriggerAction::Enqueue {
                            queue: "bulk-email".into(),
                        }),
                        timeout_ms: None,
                    })
                    .await?;
                }
                Ok::<Value, IIIError>(json!({ "enqueued": recipients.len() }))
            }
        },
    ));

    let sender = provider.clone();
    iii.register_function(RegisterFunction::new_async(
        "emails::send",
        move |email: Value| {
            let provider = sender.clone();
            async move {
                let status = post(&provider, email["to"].as_str().unwrap_or("")).await;
                if status == 429 {
                    return Err(IIIError::Handler(format!("SMTP error: {status}")));
                }
                Ok::<Value, IIIError>(json!({ "sent": true }))
            }
        },
    ));

    iii.register_function(RegisterFunction::new("emails::stats", move |_: Value| {
        let Provider {
            most,
            sent,
            refused,
            ..
        } = &*provider.lock().unwrap();
        Ok::<Value, IIIError>(json!({ "most": most, "sent": sent, "refused": refused.len() }))
    }));

    tokio::signal::ctrl_c()
        .await
        .expect("Ctrl-C can be waited for");
    iii.shutdown_async().await;
    Ok(())
}
