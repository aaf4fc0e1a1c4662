//! The worker of this example in Rust. Tried with iii-sdk 0.11.6 and Rust 1.95. Cargo.toml:
//! iii-sdk = "=0.11.6", serde_json = "1", tokio = { version = "1", features = ["full"] }

use std::collections::HashMap;
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
    let balances: Arc<Mutex<HashMap<String, i64>>> = Arc::default();

    let iii_clone = iii.clone();
    iii.register_function(RegisterFunction::new_async(
        "transactions::submit",
        move |req: Value| {
            let iii = iii_clone.clone();
            async move {
                let enqueued = iii
                    .trigger(TriggerRequest {
                        function_id: "ledger::apply".into(),
                        payload: req["body"].clone(),
                        action: Some(TriggerAction::Enqueue {
                            queue: "ledger".into(),
                        }),
                        timeout_ms: None,
                    })
                    .await;
                Ok::<Value, IIIError>(match enqueued {
                    Ok(receipt) => json!({
                        "status_code": 202,
                        "body": { "receiptId": receipt["messageReceiptId"] },
                    }),
                    Err(e) => json!({ "status_code": 422, "body": { "error": e.to_string() } }),
                })
            }
        },
    ));

    iii.register_trigger(RegisterTriggerInput {
        trigger_type: "http".into(),
        function_id: "transactions::submit".into(),
        config: json!({ "api_path": "/transactions", "http_method": "POST" }),
        metadata: None,
    })?;

    let accounts = balances.clone();
    iii.register_function(RegisterFunction::new("ledger::apply", move |txn: Value| {
        let account_id = txn["account_id"].as_str().unwrap_or("").to_string();
        let amount = txn["amount"].as_i64().unwrap_or(0);
        let mut accounts = accounts.lock().unwrap();
        let balance = accounts.entry(account_id).or_insert(0);
        match txn["type"].as_str() {
            Some("deposit") => *balance += amount,
            Some("withdraw") if *balance < amount => {
                return Err(IIIError::Handler("Insufficient funds".to_string()));
            }
            Some("withdraw") => *balance -= amount,
            _ => {}
        }
        Ok::<Value, IIIError>(json!({ "applied": true }))
    }));

    iii.register_function(RegisterFunction::new(
        "ledger::balance",
        move |query: Value| {
            let account_id = query["account_id"].as_str().unwrap_or("");
            let balance = balances
                .lock()
                .unwrap()
                .get(account_id)
                .copied()
                .unwrap_or(0);
            Ok::<Value, IIIError>(json!({ "balance": balance }))
        },
    ));

    tokio::signal::ctrl_c()
        .await
        .expect("Ctrl-C can be waited for");
    iii.shutdown_async().await;
    Ok(())
}
