//! A minisign key pair that lives as long as a test.

use dunlin_bundle::{BundleError, TrustedKeys, attach_signature, sign_input};

/// Signs bundles in tests; trusted under the name `test`.
pub struct TestKey(minisign::KeyPair);

impl TestKey {
    /// Makes a fresh, unencrypted key.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(minisign::KeyPair::generate_unencrypted_keypair().expect("the system has randomness"))
    }

    /// The text of the `.pub` file.
    ///
    /// # Panics
    /// Never: a fresh key has a text.
    #[must_use]
    pub fn public_text(&self) -> String {
        self.0.pk.to_box().expect("a fresh key has a text").into_string()
    }

    /// The text of the secret key's file.
    ///
    /// # Panics
    /// Never: a fresh key has a text.
    #[must_use]
    pub fn secret_text(&self) -> String {
        self.0.sk.to_box(None).expect("a fresh key has a text").into_string()
    }

    /// A key ring that holds this key alone, under the name `test`.
    ///
    /// # Panics
    /// Never: the text is a public key.
    #[must_use]
    pub fn trusted(&self) -> TrustedKeys {
        let mut keys = TrustedKeys::new();
        keys.add("test", &self.public_text()).expect("the text is a public key");
        keys
    }

    /// The text of a signature over some bytes.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> String {
        let comment = Some("made in a test");
        minisign::sign(None, &self.0.sk, bytes, comment, comment).expect("the system has randomness").into_string()
    }

    /// Signs a bundle as `dunlin sign` does.
    ///
    /// # Errors
    /// [`BundleError`] when every reader would refuse the bundle.
    pub fn sign_bundle(&self, bundle: Vec<u8>) -> Result<Vec<u8>, BundleError> {
        let signature = self.sign(&sign_input(&bundle)?);
        attach_signature(bundle, &signature)
    }
}
