//! What is written can be read: types that the codec cannot read again are errors of the writer.

use std::{collections::HashMap, error::Error as _};

use memdict::{Error, Json, Opaque, Tracked};
use memdict_tests::Bench;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Value, json};

use super::hold;

/// serde reads the number of `Free` as that of `Pro`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Plan {
    #[serde(skip)]
    #[expect(dead_code, reason = "a variant that is never stored")]
    Draft,
    Free,
    Pro,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Job {
    #[serde(default, skip_serializing_if = "is_zero")]
    retries: u8,
    payload: Vec<u8>,
}

fn is_zero(number: &u8) -> bool {
    *number == 0
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Text(String),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Message {
    Ping { id: u64 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    id: u64,
    #[serde(flatten)]
    extra: HashMap<String, u64>,
}

/// Asks what is stored, as a `Decimal` does.
#[derive(Debug, PartialEq)]
struct Decimal(String);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = Decimal;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a decimal number")
            }

            fn visit_str<E>(self, text: &str) -> Result<Decimal, E> {
                Ok(Decimal(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

/// Returns why a value cannot be stored.
fn refused<T: Tracked>(bench: &Bench, value: T) -> String {
    let session = bench.cache.session();
    session.dict("values").insert("a", value).expect("no read is needed");
    match session.commit() {
        Err(error @ Error::Encode { .. }) => {
            assert!(error.to_string().contains("values[a]"), "{error}");
            assert!(bench.stored_bytes("values", "a").is_empty());
            error.source().expect("it has a cause").to_string()
        }
        other => panic!("{other:?}"),
    }
}

/// Stores a value as JSON, and loads it.
fn comes_back<T>(bench: &Bench, value: impl Fn() -> T + Sync)
where
    T: std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict("json").insert("a", Json(value())))?;
        let session = bench.cache.session();
        assert_eq!(session.dict::<Json<T>>("json").get("a")?.as_deref(), Some(&Json(value())));
        Ok(())
    });
}

pub(crate) fn an_opaque_value_that_cannot_be_read_again_is_an_error_with_the_way_out(
    bench: &Bench,
) {
    fn check<T>(bench: &Bench, name: &str, value: impl Fn() -> T + Sync)
    where
        T: std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let why = refused(bench, Opaque(value()));
        assert!(why.contains(name) && why.contains("memdict::Json"), "{why}");
        comes_back(bench, value);
    }

    check(bench, "Value", || json!(1));
    check(bench, "Value", || json!({ "a": [1, null] }));
    check(bench, "`retries` of `Job`", || Job { retries: 0, payload: vec![2, 7, 7] });
    check(bench, "Id", || Id::Number(7));
    check(bench, "Id", || Id::Text("a".into()));
    check(bench, "Message", || Message::Ping { id: 7 });
    check(bench, "flatten", || Flat { id: 1, extra: HashMap::from([("a".into(), 1)]) });
    check(bench, "Decimal", || Decimal("1.5".into()));
    check(bench, "Plan", || Plan::Free);
    check(bench, "Plan", || Plan::Pro);
}

/// Has opaque fields at any depth.
#[derive(Default, Serialize, Deserialize, Tracked)]
struct Order {
    id: u64,
    lines: Vec<Line>,
    by_name: HashMap<String, Option<Box<Line>>>,
    boxed: Option<Box<Opaque<Decimal2>>>,
}

#[derive(Serialize, Deserialize, Tracked)]
enum Line {
    Empty,
    Item {
        count: u8,
        #[memdict(opaque)]
        plan: Option<Plan>,
    },
}

/// Another type, so that it is tried for itself.
#[derive(Serialize, Deserialize)]
struct Decimal2(Decimal);

pub(crate) fn an_opaque_field_is_tried_wherever_it_is(bench: &Bench) {
    let item = |plan| Line::Item { count: 1, plan };
    hold(bench, |bench| {
        // What is not there cannot be tried, and is later.
        let lines = vec![Line::Empty, item(None)];
        let order = Order { id: 1, lines, ..Order::default() };
        let session = bench.cache.session();
        session.dict("orders").insert("a", order)?;
        assert_eq!(session.commit()?.written, 1);

        let order = Order { lines: vec![Line::Empty, item(Some(Plan::Free))], ..Order::default() };
        let why = refused(bench, order);
        assert!(why.contains("Plan") && why.contains("`Line::plan`"), "{why}");
        assert!(why.contains("as_json"), "{why}");
        let by_name = [("a".into(), Some(Box::new(item(Some(Plan::Free)))))].into();
        assert!(refused(bench, Order { by_name, ..Order::default() }).contains("Plan"));
        let boxed = Some(Box::new(Opaque(Decimal2(Decimal("1".into())))));
        let why = refused(bench, Order { boxed, ..Order::default() });
        assert!(why.contains("Decimal2") && why.contains("`Order::boxed`"), "{why}");
        Ok(())
    });
}

pub(crate) fn an_opaque_value_with_a_hash_map_inside_is_written(bench: &Bench) {
    hold(bench, |bench| {
        let map: HashMap<u32, String> = (0..50).map(|n| (n, n.to_string())).collect();
        bench.cache.transaction(|session| session.dict("maps").insert("a", Opaque(map.clone())))?;
        let session = bench.cache.session();
        let maps = session.dict::<Opaque<HashMap<u32, String>>>("maps");
        assert_eq!(maps.get("a")?.map(|loaded| loaded.0 == map), Some(true));
        Ok(())
    });
}

#[derive(Serialize, Deserialize, Tracked)]
struct Event {
    #[serde(with = "memdict::as_json")]
    payload: Value,
    name: String,
}

pub(crate) fn json_is_compared_by_value(bench: &Bench) {
    hold(bench, |bench| {
        let event = Event { payload: json!({ "a": 1, "b": { "c": 2, "d": 3 } }), name: "x".into() };
        let session = bench.cache.session();
        session.dict("events").insert("a", event)?;
        session.commit()?;
        let session = bench.cache.session();
        let events = session.dict::<Event>("events");
        if let Some(mut event) = events.get_mut("a")? {
            // The same members, in another order.
            event.payload =
                serde_json::from_str(r#"{ "b": { "d": 3, "c": 2 }, "a": 1 }"#).expect("it is JSON");
            assert!(event.is_dirty() && event.changed_fields().is_empty());
        }
        assert_eq!(session.commit()?.unchanged, 1);

        let session = bench.cache.session();
        if let Some(mut event) = session.dict::<Event>("events").get_mut("a")? {
            event.payload["b"]["c"] = json!(4);
            assert_eq!(event.changed_fields(), ["payload"]);
        }
        assert_eq!(session.commit()?.written, 1);
        Ok(())
    });
}
