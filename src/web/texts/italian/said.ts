/** What parts below the console say, finished: here as patterns, with `{{places}}` for what changes. */
const ERRORS = {
  'There is nothing at this address.': 'A questo indirizzo non c’è nulla.',
  'Go back, load the page again and send the form once more.': 'Torna indietro, ricarica la pagina e invia di nuovo il modulo.',
  'Logbook cannot reach its database just now. Nothing is lost; try again in a moment.':
    'In questo momento Logbook non raggiunge il suo database. Nulla è perso; riprova tra poco.',
  'Logbook is writing as many long files as it does at once. Try again in a minute.': 'Logbook sta già scrivendo tutti i file lunghi che può insieme. Riprova tra un minuto.',
  'The request is not in order.': 'La richiesta non è corretta.',
  'Logbook could not do that. Its log says more.': 'Logbook non ci è riuscito. Il suo log dice di più.',
  'Give both a name and a password.': 'Inserisci sia il nome sia la password.',
  'The name or the password is wrong.': 'Il nome o la password sono errati.',
  'Too many failed sign-ins. Try again in a minute.': 'Troppi accessi falliti. Riprova tra 1 minuto.',
  'Too many failed sign-ins. Try again in {{minutes}} minutes.': 'Troppi accessi falliti. Riprova tra {{minutes}} minuti.',
  '{{field}} must be a time zone such as Europe/Rome.': '{{field}} deve essere un fuso orario come Europe/Rome.',
  '{{field}} must be a single value.': '{{field}} deve avere un solo valore.',
  '{{field}} is given more than once.': '{{field}} è indicato più di una volta.',
  '{{field}} must be one of {{values}}.': '{{field}} deve essere uno tra {{values}}.',
  '{{field}} must be a whole number from {{least}} to {{most}}.': '{{field}} deve essere un numero intero da {{least}} a {{most}}.',
  '{{field}} must be an instant such as 2026-05-10T17:12:24Z.': '{{field}} deve essere un istante come 2026-05-10T17:12:24Z.',
  '{{field}} is no parameter of {{owner}}; it takes none.': '{{field}} non è un parametro di {{owner}}, che non ne ha.',
  '{{field}} is no parameter of {{owner}}; there are {{names}}.': '{{field}} non è un parametro di {{owner}}; ci sono {{names}}.',
  '{{field}} must not be later than to.': '{{field}} non deve essere successivo a to.',
  '{{field}} is not one that this listing gave for this sort and order.': '{{field}} non è di questo elenco con questo ordinamento.',
  '{{field}} must name at least one column.': '{{field}} deve indicare almeno una colonna.',
  '{{field}} has no {{column}}; there are {{names}}.': '{{field}} non ha {{column}}; ci sono {{names}}.',
  '{{field}} names {{column}} more than once.': '{{field}} indica {{column}} più di una volta.',
  '{{field}} is for {{list}} only.': '{{field}} vale solo per {{list}}.',
  '{{field}} must be {{value}} for whole calls.': 'Per le chiamate intere {{field}} deve essere {{value}}.',
  '{{field}} stands for from and to; give it alone, or those.': '{{field}} sta per from e to; indica solo quello, oppure questi.',
  '{{field}} must be a device such as PJSIP/200, without the number of a single channel.': '{{field}} deve essere un dispositivo come PJSIP/200, senza il numero di un singolo canale.',
  '{{field}} begins a word of more than {{number}} names; give more of the name.': '{{field}} è l’inizio di una parola in più di {{number}} nomi; indica di più del nome.',
  '{{field}} is an order for up to {{number}} rows, and more fit: choose a shorter range of time, another filter, or the order of time.':
    '{{field}} è un ordinamento per al massimo {{number}} righe, e qui sono di più: scegli un periodo più breve, un altro filtro o l’ordine di tempo.',
  '{{field}} must not be empty.': '{{field}} non deve essere vuoto.',
  '{{field}} must have at most {{most}} characters.': '{{field}} deve avere al massimo {{most}} caratteri.',
  '{{field}} is that of another view.': '{{field}} è già di un’altra vista.',
  '{{field}} is too long to be kept; narrow it down with fewer words.': '{{field}} è troppo lunga per essere salvata; usa meno parole nel filtro.',
  '{{field}} cannot be one more: there are {{most}}; delete one first.': '{{field}}: ce ne sono già {{most}}; prima eliminane una.',
};

/** The state of the service. */
const STATES = {
  'is waited for: {{reason}}': 'non è ancora pronto: {{reason}}',
  'takes rows': 'accetta righe',
  'takes no rows: {{reason}}': 'non accetta righe: {{reason}}',
  'has not ended a write for {{seconds}} s': 'non conclude una scrittura da {{seconds}} s',
  '{{state}}; {{number}} events wait in the spool': '{{state}}; {{number}} eventi aspettano nello spool',
  '{{state}}; {{number}} dead letters were not kept, there are too many of their kind': '{{state}}; {{number}} eventi non elaborati non sono stati conservati, ce ne sono troppi dello stesso tipo',
  'did not answer within {{seconds}} s': 'nessuna risposta entro {{seconds}} s',
  'no connection was free in time': 'nessuna connessione libera in tempo',
  '{{used}} of {{most}} MB': '{{used}} di {{most}} MB',
  '{{state}}; {{number}} events of little value were left out since the start': '{{state}}; {{number}} eventi di poco valore tralasciati dall’avvio',
  'cannot be written: {{reason}}; events go on from memory, and a crash would lose those not yet in the database':
    'non è scrivibile: {{reason}}; gli eventi proseguono dalla memoria, e un arresto improvviso perderebbe quelli non ancora nel database',
  'is full, {{used}} (SPOOL_MAX_MB); events of little value are left out, calls are kept': 'è pieno, {{used}} (SPOOL_MAX_MB); gli eventi di poco valore sono tralasciati, le chiamate conservate',
  'The spool is nearly full, {{used}}: at the limit events of little value are left out. Look at the database, or raise SPOOL_MAX_MB.':
    'Lo spool è quasi pieno, {{used}}: al limite gli eventi di poco valore vengono tralasciati. Controlla il database o aumenta SPOOL_MAX_MB.',
  'connected to Asterisk {{version}}': 'collegato ad Asterisk {{version}}',
  'of unknown version': 'di versione non nota',
  connecting: 'connessione in corso',
  'connecting; last time: {{reason}}': 'connessione in corso; l’ultima volta: {{reason}}',
  'the PBX refuses the login: {{reason}}; next try at {{time}}': 'il centralino rifiuta l’accesso: {{reason}}; prossimo tentativo alle {{time}}',
  '{{reason}}; next try at {{time}}': '{{reason}}; prossimo tentativo alle {{time}}',
  stopped: 'fermo',
  'the database does not say when they ran': 'il database non dice quando sono stati eseguiti',
  'on schedule': 'puntuali',
  '{{job}} hangs: no sign of life for {{minutes}} minutes': '{{job}} è bloccato: nessun segno di vita da {{minutes}} minuti',
  '{{job}} has not run for {{number}} intervals': '{{job}} non viene eseguito da {{number}} intervalli',
  'Dead letters: 1 event or row could not be written. See /dead-letters for why, then run: logbook retry':
    'Eventi non elaborati: 1 evento o riga non scritta. Il perché è in /dead-letters; poi esegui: logbook retry',
  'Dead letters: {{many}} events or rows could not be written. See /dead-letters for why, then run: logbook retry':
    'Eventi non elaborati: {{many}} eventi o righe non scritti. Il perché è in /dead-letters; poi esegui: logbook retry',
  '{{number}} or more': '{{number}} o più',
  'The calls of a gap could not be recovered. See /capture-gaps?recovery=failed for why, and what to do.':
    'Non è stato possibile recuperare le chiamate di una lacuna. Il perché, e che cosa fare, è in /capture-gaps?recovery=failed.',
  'The calls of {{number}} gaps could not be recovered. See /capture-gaps?recovery=failed for why, and what to do.':
    'Non è stato possibile recuperare le chiamate di {{number}} lacune. Il perché, e che cosa fare, è in /capture-gaps?recovery=failed.',
  'looked at {{looked}}, bound {{bound}}, ambiguous {{ambiguous}}, unknown {{unknown}}': 'esaminati {{looked}}, associati {{bound}}, ambigui {{ambiguous}}, sconosciuti {{unknown}}',
  'nothing to do': 'nulla da fare',
  'summaries {{number}}': 'riepiloghi {{number}}',
  'gaps looked into {{gaps}}, calls recovered {{calls}}, failed {{failed}}': 'lacune esaminate {{gaps}}, chiamate recuperate {{calls}}, fallite {{failed}}',
};

/** The connection to the PBX, and why it ended. */
const PBX = {
  'the PBX closed the connection': 'il centralino ha chiuso la connessione',
  'the PBX did not answer a Ping within {{ms}} ms': 'il centralino non ha risposto a un Ping entro {{ms}} ms',
  'no answer to {{action}} within {{ms}} ms': 'nessuna risposta a {{action}} entro {{ms}} ms',
  'no connection to {{address}} within {{ms}} ms': 'nessuna connessione a {{address}} entro {{ms}} ms',
  "the certificate of {{address}} is not trusted ({{code}}): name the PBX's ca.crt, or its self-signed certificate, as the one to trust":
    'il certificato di {{address}} non è attendibile ({{code}}): indica il ca.crt del centralino, o il suo certificato autofirmato, come quello di cui fidarsi',
  '{{address}} speaks no TLS ({{code}}): look at tlsenable and tlsbindaddr in manager.conf': '{{address}} non parla TLS ({{code}}): guarda tlsenable e tlsbindaddr in manager.conf',
  'Logbook was stopped': 'Logbook è stato fermato',
  'Logbook was killed or its machine went down': 'Logbook è stato interrotto o la sua macchina si è spenta',
  "the PBX's clock was set back": 'l’orologio del centralino è stato riportato indietro',
  "the PBX's clock jumped ahead": 'l’orologio del centralino è saltato in avanti',
  'No FullyBooted within {{ms}} ms: the PBX is still starting, or {{reason}}': 'Nessun FullyBooted entro {{ms}} ms: il centralino si sta ancora avviando, oppure: {{reason}}',
  'The AMI login "{{login}}" does not hear {{events}} events: add {{name}} to its read= line in manager.conf.':
    'L’accesso AMI "{{login}}" non riceve gli eventi {{events}}: aggiungi {{name}} alla sua riga read= in manager.conf.',
  'The AMI login "{{login}}" may not {{purpose}}: add {{privilege}} to its write= line in manager.conf.':
    'L’accesso AMI "{{login}}" non può {{purpose}}: aggiungi {{privilege}} alla sua riga write= in manager.conf.',
  'list which PJSIP accounts are on line': 'elencare quali account PJSIP sono in linea',
  'list who is on line': 'elencare chi è in linea',
  "ask for accounts' names and the PBX's time zone": 'chiedere i nomi degli account e il fuso orario del centralino',
  'list open connections, so that CONNECT and DISCONNECT are inferred, nor check whether it hears all events and calls':
    'elencare le connessioni aperte, per cui CONNECT e DISCONNECT sono dedotti, né controllare se riceve tutti gli eventi e le chiamate',
  'The PBX has none of PJSIPShowContacts, SIPpeers and IAXpeerlist: load res_pjsip to see who is on line.':
    'Il centralino non ha PJSIPShowContacts, né SIPpeers, né IAXpeerlist: carica res_pjsip per vedere chi è in linea.',
  'The PBX sends no call records over AMI: set enabled = yes in cdr_manager.conf, and enable = yes in cdr.conf, and load cdr_manager.so.':
    'Il centralino non invia le chiamate via AMI: imposta enabled = yes in cdr_manager.conf ed enable = yes in cdr.conf, e carica cdr_manager.so.',
  'This PBX lists no open connections although clients have some, so CONNECT and DISCONNECT are inferred.':
    'Questo centralino non elenca connessioni aperte benché i client ne abbiano: CONNECT e DISCONNECT sono dedotti.',
  'The PBX does not list open connections ({{reason}}), so CONNECT and DISCONNECT are inferred.': 'Il centralino non elenca le connessioni aperte ({{reason}}): CONNECT e DISCONNECT sono dedotti.',
  'The PBX does not tell its time zone (Getvar of STRFTIME): load func_strings.so, or map start,u in cdr_manager.conf.':
    'Il centralino non dice il suo fuso orario (Getvar di STRFTIME): carica func_strings.so o mappa start,u in cdr_manager.conf.',
};

/** What became of the calls of a gap. */
const RECOVERY = {
  'set CDR_CSV or CDR_SQL_URL to recover calls': 'imposta CDR_CSV o CDR_SQL_URL per recuperare le chiamate',
  'no call was missing in {{sources}}': 'nessuna chiamata mancava in {{sources}}',
  '1 call from {{sources}}': '1 chiamata da {{sources}}',
  '{{number}} calls from {{sources}}': '{{number}} chiamate da {{sources}}',
  '{{found}}, {{number}} calls from {{sources}}': '{{found}}, {{number}} chiamate da {{sources}}',
  '{{source}} and table {{name}}': '{{source}} e nella tabella {{name}}',
  'table {{name}}': 'tabella {{name}}',
  '{{problem}}; given up after a day; put it right and restart, or import by hand: {{command}}': '{{problem}}; abbandonato dopo un giorno; correggi e riavvia, o importa a mano: {{command}}',
  'CDR_CSV: there is no {{path}}; correct the path, or set [csv] in the PBX\'s cdr.conf': 'CDR_CSV: {{path}} non esiste; correggi il percorso o imposta [csv] nel cdr.conf del centralino',
  'CDR_CSV: the folder of {{path}} cannot be read ({{reason}}); correct the path or its rights': 'CDR_CSV: la cartella di {{path}} non è leggibile ({{reason}}); correggi il percorso o i suoi permessi',
  '{{file}} cannot be opened ({{reason}}): let Logbook read it': '{{file}} non si apre ({{reason}}): permetti a Logbook di leggerlo',
  '{{file}} is packed in a way that is not read here: unpack it, or pack it with gzip': '{{file}} è compresso in un modo che qui non si legge: decomprimilo o comprimilo con gzip',
  '{{file}} breaks off ({{reason}}): what came before is read; look at the file': '{{file}} si interrompe ({{reason}}): ciò che precede è letto; controlla il file',
  'CDR_SQL_URL: the user or the password is refused; correct CDR_SQL_URL': 'CDR_SQL_URL: utente o password rifiutati; correggi CDR_SQL_URL',
  'CDR_SQL_URL: nothing answers there; start the database or correct CDR_SQL_URL': 'CDR_SQL_URL: lì non risponde nulla; avvia il database o correggi CDR_SQL_URL',
  'CDR_SQL_URL: there is no table {{table}}; correct CDR_SQL_TABLE or the database in CDR_SQL_URL': 'CDR_SQL_URL: la tabella {{table}} non esiste; correggi CDR_SQL_TABLE o il database in CDR_SQL_URL',
  'CDR_SQL_URL: the user may not read {{table}}; GRANT SELECT on it': 'CDR_SQL_URL: l’utente non può leggere {{table}}; dagli GRANT SELECT',
  'CDR_SQL_URL: the table could not be read on ({{reason}}); what came before is written, run this again':
    'CDR_SQL_URL: non è stato possibile leggere il resto della tabella ({{reason}}); ciò che precede è scritto, esegui di nuovo',
};

export const SAID = { ...ERRORS, ...STATES, ...PBX, ...RECOVERY };
