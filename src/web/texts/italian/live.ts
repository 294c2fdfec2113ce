/** Lists that are followed, and downloads. */
export const LIVE = {
  Connecting: 'Connessione in corso',
  Live: 'In diretta',
  Paused: 'In pausa',
  Pause: 'Pausa',
  'Cut off since {{time}}, trying again': 'Collegamento interrotto dalle {{time}}, nuovo tentativo in corso',
  'The database has not answered since {{time}}': 'Il database non risponde dalle {{time}}',
  'Signed out': 'Sessione terminata',
  'Sign in again': 'Accedi di nuovo',
  'Too many lists are followed at once; this one stands still': 'Troppi elenchi seguiti contemporaneamente: questo resta fermo',
  'More than {{number}} new rows': 'Più di {{number}} nuove righe',
  'no longer in this list': 'non più in questo elenco',
  'Show what changed': 'Mostra che cosa è cambiato',
  '{{count}} new rows': '{{count}} nuove righe',
  '{{count}} new rows_one': '{{count}} nuova riga',
  '{{count}} rows came that belong further down': 'Arrivate {{count}} righe che vanno più in basso',
  '{{count}} rows came that belong further down_one': 'Arrivata {{count}} riga che va più in basso',

  'The file is being made.': 'Il file è in preparazione.',
  '{{rows}} of {{total}} rows': '{{rows}} di {{total}} righe',
  '{{rows}} of about {{total}} rows': '{{rows}} di circa {{total}} righe',
  '{{rows}} of more than {{total}} rows': '{{rows}} di oltre {{total}} righe',
  '{{rows}} rows so far': '{{rows}} righe finora',
  'Done. Rows: {{rows}}': 'Fatto. Righe: {{rows}}',
  'Broken off after {{rows}} rows: Logbook could not go on. The file is not whole; download it again.':
    'Interrotto dopo {{rows}} righe: Logbook non ha potuto proseguire. Il file non è completo: scaricalo di nuovo.',
  'Broken off after {{rows}} rows: the browser gave up, or the line to it broke. The file is not whole; download it again.':
    'Interrotto dopo {{rows}} righe: il browser ha rinunciato o il collegamento è caduto. Il file non è completo: scaricalo di nuovo.',
  'Cancelled after {{rows}} rows. What the browser has of the file is not whole.': 'Annullato dopo {{rows}} righe. Il file che il browser ha ricevuto non è completo.',
  'Logbook cannot be reached since {{time}}; until then {{rows}} rows had come.': 'Logbook non è raggiungibile dalle {{time}}; fino ad allora erano arrivate {{rows}} righe.',
  'Broken off after {{rows}} rows: Logbook was started anew. The file is not whole; download it again.':
    'Interrotto dopo {{rows}} righe: Logbook è stato riavviato. Il file non è completo: scaricalo di nuovo.',
  'The download has begun. Nothing is known here of how far it is.': 'Il download è iniziato. Qui non è noto a che punto sia.',
  Cancel: 'Annulla',
};
