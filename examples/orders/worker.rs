//! The worker of this example in Rust. Tried with iii-sdk 0.11.6 and Rust 1.95. Cargo.toml:
//! iii-sdk = "=0.11.6", serde_json = "1", tokio = { version = "1", features = ["full"] }, uuid = { version = "1", features = ["v4"] }

use iii_sdk::{
    register_worker, IIIError, InitOptions, Logger, RegisterFunction, RegisterTriggerInput,
    TriggerAction, TriggerRequest,
};
use serde_json::{json, Value};

#[tokio::main]
async fn main() -> Result<(), IIIError> {
    let url = std::env::var("III_URL").unwrap_or_else(|_| "ws://127.0.0.1:49134".to_string());
    let iii = register_worker(&url, InitOptions::default());

    let iii_clone = iii.clone();
    iii.register_function(RegisterFunction::new_async(
        "orders::create",
        move |req: Value| {
            let iii = iii_clone.clone();
            async move {
                let logger = Logger::new();
                let (email, total) = (req["body"]["email"].clone(), req["body"]["total"].clone());
                if email.is_null() || total.is_null() {
                    let body = json!({ "error": "an order needs email and total" });
                    return Ok::<Value, IIIError>(json!({ "status_code": 400, "body": body }));
                }
                let order_id = uuid::Uuid::new_v4().to_string();

                iii.trigger(TriggerRequest {
                    function_id: "orders::process-payment".into(),
                    payload: json!({ "orderId": order_id, "amount": total, "currency": "USD" }),
                    action: Some(TriggerAction::Enqueue {
                        queue: "payment".into(),
                    }),
                    timeout_ms: None,
                })
                .await?;
                iii.trigger(TriggerRequest {
                    function_id: "emails::confirmation".into(),
                    payload: json!({ "email": email, "orderId": order_id }),
                    action: Some(TriggerAction::Enqueue {
                        queue: "email".into(),
                    }),
                    timeout_ms: None,
                })
                .await?;
                iii.trigger(TriggerRequest {
                    function_id: "analytics::track".into(),
                    payload: json!({ "event": "order_created", "orderId": order_id }),
                    action: Some(TriggerAction::Void),
                    timeout_ms: None,
                })
                .await?;

                logger.info("Order created", Some(json!({ "orderId": order_id })));
                Ok(json!({ "status_code": 201, "body": { "orderId": order_id } }))
            }
        },
    ));

    iii.register_trigger(RegisterTriggerInput {
        trigger_type: "http".into(),
        function_id: "orders::create".into(),
        config: json!({ "api_path": "/orders", "http_method": "POST" }),
        metadata: None,
    })?;

    for id in [
        "orders::process-payment",
        "emails::confirmation",
        "analytics::track",
    ] {
        iii.register_function(RegisterFunction::new(id, |payload: Value| {
            println!("done {payload}");
            Ok::<Value, IIIError>(Value::Null)
        }));
    }

    tokio::signal::ctrl_c()
        .await
        .expect("Ctrl-C can be waited for");
    iii.shutdown_async().await;
    Ok(())
}
