/** What columns mean. */
export const ABOUTS = {
  'REGISTER: on line from now on, unless details say why it was refused; UNREGISTER: off line; CONNECT and DISCONNECT: of a connection.':
    'REGISTER: in linea da qui in poi, salvo che i dettagli dicano perché è stato rifiutato; UNREGISTER: non più in linea; CONNECT e DISCONNECT: di una connessione.',
  'From which the call came.': 'Da cui è arrivata la chiamata.',
  'That was rung or took it: of a call through a queue the agent’s. Empty where the PBX itself took the call.':
    'Che è stato fatto squillare o ha risposto: per una chiamata in coda, quello dell’operatore. Vuoto se ha risposto il centralino stesso.',
  'From which the first leg came.': 'Da cui è arrivata la prima tratta.',
  'That the first leg rang.': 'Che la prima tratta ha fatto squillare.',
  'Who acted: CLIENT (the phone) or SERVER (the PBX).': 'Chi ha agito: CLIENT (il telefono) o SERVER (il centralino).',
  'The SIP user name. Absent: not known, or not known yet, whose connection it is.': 'Il nome utente SIP. Assente: non si sa, o non si sa ancora, di chi sia la connessione.',
  'The name of the person or trunk behind the peername, where the PBX has one.': 'Il nome della persona o del trunk dietro il peername, se il centralino lo conosce.',
  'The outcome, such as 200 OK or NETWORK_ERROR; of a refusal its reason.': 'L’esito, come 200 OK o NETWORK_ERROR; di un rifiuto il motivo.',
  "The phone's software, where the PBX says it.": 'Il software del telefono, se il centralino lo dice.',
  'address:port that packets come from. Without a port where the PBX did not say it, as of an IAX2 peer that just registered.':
    'indirizzo:porta da cui arrivano i pacchetti. Senza porta se il centralino non l’ha detta, come per un peer IAX2 appena registrato.',
  'UDP, TCP, TLS, WS or WSS.': 'UDP, TCP, TLS, WS o WSS.',
  'Absent where the connection has none, or nothing tells it.': 'Assente se la connessione non ne ha, o nulla lo dice.',
  'Whether the row is bound to an account.': 'Se la riga è associata a un account.',
  'pending: looked at again; bound; ambiguous: several accounts used the connection, see candidates; unknown: none proved itself.':
    'pending: sarà riesaminata; bound: associata; ambiguous: più account hanno usato la connessione, vedi i candidati; unknown: nessuno si è identificato.',
  'The accounts that an ambiguous row may belong to.': 'Gli account a cui una riga ambigua può appartenere.',

  'Of the newest contact, as seen on the wire, else as the phone claims.': 'Del contatto più recente, come visto in rete, altrimenti come dichiarato dal telefono.',
  'To ipAddress.': 'Di ipAddress.',
  'The name of the person or trunk, where the PBX has one.': 'Il nome della persona o del trunk, se il centralino lo conosce.',
  'Of the newest contact. Absent where the PBX does not say it.': 'Del contatto più recente. Assente se il centralino non la dice.',
  'The word of the PBX on the newest contact: Reachable, Unreachable, NonQualified.': 'La parola del centralino sul contatto più recente: Reachable, Unreachable, NonQualified.',
  'How many contacts are registered for the account.': 'Quanti contatti sono registrati per l’account.',

  'SUCCESS: any that passed; SUCCESS_INTERACTIVE: through the form, which writes a SUCCESS too; FAIL…: refused, and why.':
    'SUCCESS: ogni accesso riuscito; SUCCESS_INTERACTIVE: dal modulo, che scrive anche un SUCCESS; FAIL…: rifiutato, e perché.',
  'The name that was given.': 'Il nome indicato.',
  'Where: CONSOLE is this one, the others are of the PBX.': 'Dove: CONSOLE è questa, gli altri sono del centralino.',
  'Absent for the console.': 'Assente per la console.',

  'When the call began.': 'Quando è iniziata la chiamata.',
  'Absent: nobody answered, or the PBX did not say when.': 'Assente: nessuno ha risposto, o il centralino non ha detto quando.',
  'Absent: the PBX did not say when.': 'Assente: il centralino non ha detto quando.',
  'The number that calls.': 'Il numero che chiama.',
  'The number called.': 'Il numero chiamato.',
  'As the PBX writes it: "Name" <number>.': 'Come lo scrive il centralino: "Nome" <numero>.',
  'From begin to end.': 'Dall’inizio alla fine.',
  'From answer to end; 0 without an answer.': 'Dalla risposta alla fine; 0 senza risposta.',
  'UNKNOWN: a word of the PBX that Logbook does not know, which asteriskDisposition has.': 'UNKNOWN: una parola del centralino che Logbook non conosce; è in asteriskDisposition.',
  'The word of the PBX itself, such as NO ANSWER or CONGESTION.': 'La parola stessa del centralino, come NO ANSWER o CONGESTION.',
  'Of the channel: several rows can have one.': 'Del canale: più righe possono averne uno stesso.',
  'The same in all legs of a call; empty where the PBX does not say it.': 'Lo stesso in tutte le tratte di una chiamata; vuoto se il centralino non lo dice.',
  'Tells rows of one uniqueid apart, until the PBX restarts. Absent where the PBX does not say it.':
    'Distingue le righe di uno stesso uniqueid, finché il centralino non riparte. Assente se il centralino non la dice.',
  'What else the PBX said of the call, as a JSON object of texts.': 'Che altro il centralino ha detto della chiamata, come oggetto JSON di testi.',

  'When the first leg began.': 'Quando è iniziata la prima tratta.',
  'When somebody took the call.': 'Quando qualcuno ha risposto.',
  'When the last leg ended.': 'Quando è finita l’ultima tratta.',
  'What was dialled.': 'Che cosa è stato composto.',
  'The phone or trunk that took the call first.': 'Il telefono o il trunk che ha risposto per primo.',
  'ANSWERED when a party took it; a voicemail or a queue’s music does not count.': 'ANSWERED se ha risposto qualcuno; una segreteria o la musica di una coda non contano.',
  'How long the caller’s line was up, overlapping legs once: what a carrier charges.': 'Quanto è rimasta impegnata la linea del chiamante, contando una volta le tratte sovrapposte: ciò che un operatore addebita.',
  'How long people were connected.': 'Per quanto le persone sono state in comunicazione.',

  'The first instant that is no longer in it.': 'Il primo istante che non ne fa più parte.',
  'GAP: nobody listened. LOSS: somebody did, and left events of little value out.': 'GAP: nessuno ascoltava. LOSS: qualcuno ascoltava, e ha tralasciato eventi di poco valore.',
  'How many, of a LOSS.': 'Quanti, di un LOSS.',
  'How far its calls are looked for. once: to be looked for once more. none: no source is set, or nothing is to be recovered.':
    'A che punto è la ricerca delle sue chiamate. once: saranno cercate ancora una volta. none: nessuna fonte è impostata, o nulla è da recuperare.',
  'When calls were last looked for.': 'Quando le chiamate sono state cercate l’ultima volta.',
  'When it happened, by the clock of the PBX.': 'Quando è successo, secondo l’orologio del centralino.',
  'The event, or the kind of row.': 'L’evento, o il tipo di riga.',
  'event: it could not be translated. row: the database refused it.': 'event: non è stato possibile interpretarlo. row: il database l’ha rifiutata.',
  'How often it was tried again.': 'Quante volte è stato riprovato.',
};
