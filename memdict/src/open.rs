//! Opens the store that a URL names.

use std::sync::Arc;

#[cfg(all(unix, feature = "tls"))]
use crate::store::memcached::tls::settings::Tls;
use crate::{
    error::Result,
    log::notice,
    random,
    store::{Store, faulty::FaultyStore, memory::MemoryStore},
    url::{self, Options, Place},
};
#[cfg(feature = "classic")]
use crate::{store::classic::ClassicStore, url::Classic};
#[cfg(unix)]
use crate::{
    store::{
        cluster::store::ClusterStore, credentials::Credentials, memcached::store::MemcachedStore,
    },
    url::{Memcached, Protocol},
};

/// Makes the store of `url`, with its options and those in `options`. Adds the URL's options to
/// `options`.
pub(crate) fn store(url: &str, options: &mut Options) -> Result<Arc<dyn Store>> {
    Ok(match url::read(url, options)? {
        Place::Memory => memory(options),
        #[cfg(unix)]
        Place::Memcached(place) => Arc::new(memcached(place, options)?),
        #[cfg(all(not(unix), feature = "classic"))]
        Place::Memcached(url::Memcached {
            servers,
            credentials: None,
            protocol: url::Protocol::Classic,
            tls: false,
        }) => Arc::new(classic(Classic { servers, credentials: None }, options)?),
        #[cfg(unix)]
        Place::Cluster { endpoints, tls } => {
            let login = Login { credentials: None, protocol: Protocol::FoundOut };
            let store = ClusterStore::new(endpoints)?;
            #[cfg(feature = "tls")]
            let store = if tls { store.tls(settings(options))? } else { store };
            // Without the feature, the URL is an error.
            #[cfg(not(feature = "tls"))]
            let _ = tls;
            Arc::new(cluster(store, login, options)?)
        }
        #[cfg(unix)]
        Place::Named(Memcached { servers, credentials, protocol, .. }) => {
            let login = Login { credentials, protocol };
            Arc::new(cluster(ClusterStore::of_names(servers)?, login, options)?)
        }
        #[cfg(not(unix))]
        Place::Memcached(_) | Place::Cluster { .. } | Place::Named(_) => {
            return Err(crate::error::Error::Config {
                option: "memcache:".to_owned(),
                reason: "this store needs a Unix system; use memory:, or \
                         memcache+classic: with the cargo feature `classic`"
                    .to_owned(),
            });
        }
        #[cfg(feature = "classic")]
        Place::Classic(place) => Arc::new(classic(place, options)?),
    })
}

fn memory(options: &Options) -> Arc<dyn Store> {
    let store = MemoryStore::new();
    let store = match options.max_bytes {
        Some(bytes) => store.max_bytes(bytes),
        None => store,
    };
    let mut rates = options.rates;
    if !rates.any() {
        return Arc::new(store);
    }
    let seed = *rates.seed.get_or_insert_with(|| random::bits() >> 32);
    notice!("the store in this process's memory fails by chance, as its URL asks: `seed={seed}`");
    Arc::new(FaultyStore::new(store).with_rates(rates))
}

/// How a connection to a server begins.
#[cfg(unix)]
#[derive(Clone)]
struct Login {
    protocol: Protocol,
    credentials: Option<Credentials>,
}

#[cfg(unix)]
fn memcached(place: Memcached, options: &Options) -> Result<MemcachedStore> {
    let Memcached { servers, credentials, protocol, tls } = place;
    let store = MemcachedStore::new(servers)?;
    let store = if tls { secured(store, options)? } else { store };
    with(store, Login { credentials, protocol }, options)
}

#[cfg(all(unix, feature = "tls"))]
fn secured(store: MemcachedStore, options: &Options) -> Result<MemcachedStore> {
    store.tls(settings(options))
}

#[cfg(all(unix, feature = "tls"))]
fn settings(options: &Options) -> Tls {
    let Options { ca_file, cert_file, key_file, verify, .. } = options;
    let mut tls = Tls::new();
    if let Some(path) = ca_file {
        tls = tls.ca_file(path);
    }
    if let Some(path) = cert_file {
        tls = tls.cert_file(path);
    }
    if let Some(path) = key_file {
        tls = tls.key_file(path);
    }
    if *verify == Some(false) {
        tls = tls.without_verification();
    }
    tls
}

/// Without the feature, the URL is an error.
#[cfg(all(unix, not(feature = "tls")))]
fn secured(store: MemcachedStore, _: &Options) -> Result<MemcachedStore> {
    Ok(store)
}

#[cfg(unix)]
fn cluster(mut store: ClusterStore, login: Login, options: &Options) -> Result<ClusterStore> {
    if let Some(timeout) = options.timeout {
        store = store.timeout(timeout);
    }
    if let Some(timeout) = options.connect_timeout {
        store = store.connect_timeout(timeout);
    }
    if let Some(every) = options.refresh {
        store = store.refresh(every);
    }
    // Before any list is known, so that what is impossible is an error now.
    with(MemcachedStore::new(["any"])?, login.clone(), options)?;
    let options = options.clone();
    Ok(store.servers(move |servers| with(servers, login.clone(), &options)))
}

#[cfg(unix)]
fn with(store: MemcachedStore, login: Login, options: &Options) -> Result<MemcachedStore> {
    let mut store = match login.protocol {
        Protocol::FoundOut => store,
        Protocol::Classic => store.classic(),
        Protocol::Flare => store.flare(),
    };
    if let Some(Credentials { user, password }) = login.credentials {
        store = store.credentials(user, password)?;
    }
    if let Some(timeout) = options.timeout {
        store = store.timeout(timeout);
    }
    if let Some(timeout) = options.connect_timeout {
        store = store.connect_timeout(timeout);
    }
    if let Some(deadline) = options.deadline {
        store = store.deadline(deadline);
    }
    if let Some(many) = options.max_connections {
        store = store.max_connections(many);
    }
    if let Some(bytes) = options.max_item_bytes {
        store = store.max_item_bytes(bytes);
    }
    if let Some(placement) = options.placement {
        store = store.placement(placement)?;
    }
    if options.remember.is_some() || options.remember_for.is_some() {
        store = store.remember(options.remember, options.remember_for);
    }
    Ok(store)
}

#[cfg(feature = "classic")]
fn classic(place: Classic, options: &Options) -> Result<ClassicStore> {
    let mut store = ClassicStore::new(place.servers)?;
    if let Some(credentials) = place.credentials {
        store = store.with_credentials(credentials)?;
    }
    if let Some(timeout) = options.timeout {
        store = store.timeout(timeout);
    }
    if let Some(timeout) = options.connect_timeout {
        store = store.connect_timeout(timeout);
    }
    if let Some(deadline) = options.deadline {
        store = store.deadline(deadline);
    }
    if let Some(many) = options.max_connections {
        store = store.max_connections(many);
    }
    if let Some(bytes) = options.max_item_bytes {
        store = store.max_item_bytes(bytes);
    }
    if let Some(placement) = options.placement {
        store = store.placement(placement)?;
    }
    Ok(store)
}
