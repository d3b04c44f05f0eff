//! The server's TLS identity: a certificate and key given as PEM files, or a self-signed pair made at the first start
//! and kept in the data directory. Can be read again while serving. Asks for a client's certificate only where an
//! authority is given that may have signed one, and never insists.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{ServerSessionMemoryCache, WebPkiClientVerifier};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::certificate;

/// Sessions remembered for those who resume without tickets (TLS 1.2): a mail client connects at every search.
const SESSIONS: usize = 10_000;

/// A handshake takes no longer than this.
pub const HANDSHAKE: Duration = Duration::from_secs(10);

/// Why there is no usable certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Only one of the two was given.
    #[error("--tls-cert and --tls-key go together: give both, or neither for a self-signed certificate")]
    Half,
    /// A file cannot be read or is not PEM.
    #[error("cannot read {what} from {path}: {cause}")]
    Read {
        /// `a certificate` or `a private key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The files were read, and cannot be used together.
    #[error(
        "the certificate {cert} and the key {key} cannot be used: {cause}; is the key this certificate's?"
    )]
    Pair {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls said.
        cause: tokio_rustls::rustls::Error,
    },
    /// The authorities of clients cannot be used.
    #[error("the authorities of client certificates in {path} cannot be used: {cause}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What rustls said.
        cause: String,
    },
    /// The self-signed pair cannot be made.
    #[error("cannot make a self-signed certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// The self-signed pair cannot be kept.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The certificate in use, which [`TlsIdentity::reload`] replaces for the connections that follow.
pub struct TlsIdentity {
    cert: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
    current: ArcSwap<ServerConfig>,
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsIdentity")
            .field("cert", &self.cert)
            .finish_non_exhaustive()
    }
}

impl TlsIdentity {
    /// Loads the pair given (PEM: the chain, leaf first; an unencrypted key), or the self-signed one of the data
    /// directory, which is made when absent.
    pub fn load_or_make(data_dir: &Path, cert: Option<&Path>, key: Option<&Path>) -> Result<Self, TlsError> {
        let (cert, key) = match (cert, key) {
            (Some(cert), Some(key)) => (cert.to_owned(), key.to_owned()),
            (None, None) => self_signed(&data_dir.join("tls"))?,
            _ => return Err(TlsError::Half),
        };
        let current = ArcSwap::new(load(&cert, &key, None)?);
        Ok(Self {
            cert,
            key,
            client_ca: None,
            current,
        })
    }

    /// Asks clients for a certificate signed by one of the authorities in a PEM file. Who has none is served
    /// as before; who shows one that they have not signed is refused.
    pub fn with_client_ca(mut self, authorities: Option<&Path>) -> Result<Self, TlsError> {
        self.client_ca = authorities.map(Path::to_owned);
        self.reload()?;
        Ok(self)
    }

    /// The names in the certificate that a client has shown.
    pub fn names_of_client<S>(stream: &TlsStream<S>) -> Vec<String> {
        let shown = stream.get_ref().1.peer_certificates();
        let leaf = shown.and_then(<[_]>::first);
        leaf.map(|leaf| certificate::names(leaf)).unwrap_or_default()
    }

    /// Accepts TLS 1.2 and 1.3 with the certificate of now; to be asked for at each connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// Reads the files again. On an error the certificate in use stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.current
            .store(load(&self.cert, &self.key, self.client_ca.as_deref())?);
        Ok(())
    }

    /// The certificate's file, to tell people what to trust.
    pub fn certificate_file(&self) -> &Path {
        &self.cert
    }
}

fn unreadable(what: &'static str, path: &Path, error: pem::Error) -> TlsError {
    let cause = match error {
        pem::Error::NoItemsFound => "the file holds none in PEM form".to_owned(),
        pem::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    };
    TlsError::Read {
        what,
        path: path.to_owned(),
        cause,
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let no_certificate = |error| unreadable("a certificate", path, error);
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<_, _>>)
        .map_err(no_certificate)?;
    if chain.is_empty() {
        return Err(no_certificate(pem::Error::NoItemsFound));
    }
    Ok(chain)
}

/// Who looks at the certificates of clients.
fn verifier(client_ca: Option<&Path>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let Some(path) = client_ca else {
        return Ok(WebPkiClientVerifier::no_client_auth());
    };
    let unusable = |cause: String| TlsError::Authorities {
        path: path.to_owned(),
        cause,
    };
    let mut roots = RootCertStore::empty();
    for authority in certificates(path)? {
        roots
            .add(authority)
            .map_err(|error| unusable(error.to_string()))?;
    }
    let provider = Arc::new(ring::default_provider());
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .map_err(|error| unusable(error.to_string()))
}

fn load(cert: &Path, key: &Path, client_ca: Option<&Path>) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(cert)?;
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("a private key", key, error))?;

    let unusable = |cause| TlsError::Pair {
        cert: cert.to_owned(),
        key: key.to_owned(),
        cause,
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_client_cert_verifier(verifier(client_ca)?)
        .with_single_cert(chain, private)
        .map_err(unusable)?;
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    config.ticketer = ring::Ticketer::new().map_err(unusable)?;
    Ok(Arc::new(config))
}

/// The self-signed pair in a folder, made when it is not whole. The certificate is written last: where it is, the key is.
fn self_signed(dir: &Path) -> Result<(PathBuf, PathBuf), TlsError> {
    let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
    if cert.exists() && key.exists() {
        return Ok((cert, key));
    }
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let hostname = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let hostname = hostname.trim();
    if !hostname.is_empty() && !names.iter().any(|name| name == hostname) {
        names.push(hostname.to_owned());
    }
    // No end worth the name (rcgen's year 4096): nobody trusts it by itself, and one that expires only breaks a trial.
    let mut params = CertificateParams::new(names)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "annuaire (self-signed)");
    params
        .extended_key_usages
        .push(ExtendedKeyUsagePurpose::ServerAuth);
    let pair = KeyPair::generate()?;
    let certificate = params.self_signed(&pair)?;

    fs::create_dir_all(dir).map_err(|source| TlsError::Write {
        path: dir.to_owned(),
        source,
    })?;
    write(&key, 0o600, &pair.serialize_pem())?;
    write(&cert, 0o644, &certificate.pem())?;
    Ok((cert, key))
}

/// Writes a file whole or not at all, with its mode from the first byte.
fn write(path: &Path, mode: u32, text: &str) -> Result<(), TlsError> {
    let unfinished = path.with_extension("new");
    let write = || {
        // What a cut-short writing left would keep its own mode.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().map_err(|source| TlsError::Write {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::ClientConfig;
    use tokio_rustls::rustls::pki_types::ServerName;

    use super::*;

    async fn handshake(identity: &TlsIdentity, name: &'static str) -> io::Result<()> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(identity.certificate_file()).unwrap())
            .unwrap();
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(client));
        let (near, far) = tokio::io::duplex(1 << 16);
        let server = async {
            let mut stream = identity.acceptor().accept(near).await?;
            stream.write_all(b"x").await?;
            stream.flush().await
        };
        let client = async {
            let mut stream = connector
                .connect(ServerName::try_from(name).unwrap(), far)
                .await?;
            stream.read_u8().await.map(drop)
        };
        let (server, client) = tokio::join!(server, client);
        server.and(client)
    }

    #[tokio::test]
    async fn a_self_signed_pair_is_made_once_and_serves_local_names() {
        let dir = tempfile::tempdir().unwrap();
        let identity = TlsIdentity::load_or_make(dir.path(), None, None).unwrap();
        for name in ["localhost", "127.0.0.1", "::1"] {
            handshake(&identity, name).await.unwrap();
        }
        assert!(handshake(&identity, "elsewhere.invalid").await.is_err());
        let key = dir.path().join("tls/key.pem");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        let before = fs::read(&key).unwrap();
        TlsIdentity::load_or_make(dir.path(), None, None).unwrap();
        assert_eq!(fs::read(&key).unwrap(), before);
    }

    #[tokio::test]
    async fn a_reload_takes_the_new_pair_and_survives_a_wrong_one() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let identity = TlsIdentity::load_or_make(dir.path(), None, None).unwrap();
        TlsIdentity::load_or_make(other.path(), None, None).unwrap();
        let (here, there) = (dir.path().join("tls"), other.path().join("tls"));
        let old = fs::read(here.join("cert.pem")).unwrap();

        fs::copy(there.join("cert.pem"), here.join("cert.pem")).unwrap();
        assert!(
            matches!(identity.reload(), Err(TlsError::Pair { .. })),
            "another key's certificate"
        );
        fs::write(here.join("cert.pem"), &old).unwrap();
        handshake(&identity, "localhost").await.unwrap();

        fs::copy(there.join("cert.pem"), here.join("cert.pem")).unwrap();
        fs::copy(there.join("key.pem"), here.join("key.pem")).unwrap();
        identity.reload().unwrap();
        handshake(&identity, "localhost").await.unwrap();
    }

    #[test]
    fn a_wrong_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (absent, empty) = (dir.path().join("absent.pem"), dir.path().join("empty.pem"));
        fs::write(&empty, "").unwrap();
        for wrong in [&absent, &empty] {
            let error = TlsIdentity::load_or_make(dir.path(), Some(wrong), Some(&empty))
                .err()
                .unwrap()
                .to_string();
            assert!(error.contains(&wrong.display().to_string()), "{error}");
        }
        assert!(matches!(
            TlsIdentity::load_or_make(dir.path(), Some(&empty), None),
            Err(TlsError::Half)
        ));
    }
}
