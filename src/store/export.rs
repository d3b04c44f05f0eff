//! The national correspondence extraction, read from the store as it is sent, in the 31 official columns.

use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

/// Rows gathered into one piece.
const PIECE: usize = 64 << 10;
/// Pieces that wait for a slow reader.
const WAITING: usize = 4;

/// One column of text in COPY's format: its only escape is the doubled backslash, undone below.
const STATEMENT: &str = "copy (
    select concat_ws('|', m.type_bal, m.adresse_publiee, a.type_identifiant_pp, a.identifiant_pp,
        a.identification_nationale, a.type_structure, a.identifiant_structure, a.service, a.civilite_exercice,
        a.nom, a.prenom, a.categorie, a.libelle_categorie, a.profession, a.libelle_profession, a.savoir_faire,
        a.libelle_savoir_faire, a.dematerialisation, a.raison_sociale, a.enseigne, a.l2_complement,
        a.l3_complement, a.l4_numero, a.l4_complement_numero, a.l4_type_voie, a.l4_voie, a.l5_mention,
        a.l6_acheminement, a.code_postal, a.departement, a.pays)
    from mailboxes m join mailbox_attachments a on a.mailbox_id = m.id
    where not m.liste_rouge
    order by m.adresse, a.rang) to stdout";

/// The rows, without header, visible boxes only. A failure is the stream's last item.
pub fn correspondance(pool: PgPool) -> ReceiverStream<Result<Vec<u8>, sqlx::Error>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        if let Err(error) = send(&pool, &sender).await {
            // The reader may be gone: then nobody is there to be told.
            let _ = sender.send(Err(error)).await;
        }
    });
    ReceiverStream::new(receiver)
}

async fn send(pool: &PgPool, sender: &mpsc::Sender<Result<Vec<u8>, sqlx::Error>>) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut rows = connection.copy_out_raw(STATEMENT).await?;
    let mut piece = Vec::with_capacity(PIECE + 1024);
    while let Some(row) = rows.next().await {
        let row = row?;
        let mut rest = &row[..];
        while let Some(place) = memchr::memchr(b'\\', rest) {
            let (before, after) = rest.split_at(place + 1);
            piece.extend_from_slice(before);
            rest = after.get(1..).unwrap_or_default();
        }
        piece.extend_from_slice(rest);
        if piece.len() >= PIECE && sender.send(Ok(std::mem::take(&mut piece))).await.is_err() {
            break;
        }
    }
    if !piece.is_empty() {
        let _ = sender.send(Ok(piece)).await;
    }
    Ok(())
}
