<?php
// Asks as Asterisk-CDR-Viewer-Mod does: per request a connection, a count, and all rows at once into memory.
// Reads one request a line from standard input, as JSON, and answers one line: {"ms", "rows", "peakMb"}.
[, $dsn, $user, $password] = $argv;
while (($line = fgets(STDIN)) !== false) {
    ['where' => $where, 'limit' => $limit, 'csv' => $csv] = json_decode($line, true);
    memory_reset_peak_usage();
    $began = hrtime(true);
    $database = new PDO($dsn, $user, $password, [PDO::MYSQL_ATTR_INIT_COMMAND => "SET time_zone = '+00:00'"]);
    $rows = 0;
    if ($csv === null) {
        $database->query("SELECT count(*) FROM asterisk_cdr WHERE $where LIMIT $limit")->fetchColumn();
        $found = $database->query("SELECT *, unix_timestamp(calldate) AS call_timestamp FROM asterisk_cdr WHERE $where ORDER BY calldate DESC LIMIT $limit");
        $rows = count($found->fetchAll(PDO::FETCH_ASSOC));
    } else {
        $file = fopen($csv, 'w');
        $found = $database->query("SELECT * FROM asterisk_cdr WHERE $where ORDER BY calldate DESC LIMIT $limit");
        while ($row = $found->fetch(PDO::FETCH_ASSOC)) {
            $cells = array_map(fn ($cell) => strpbrk((string) $cell, ",\"\r\n") === false ? $cell : '"' . str_replace('"', '""', $cell) . '"', $row);
            fwrite($file, implode(',', $cells) . "\n");
            $rows += 1;
        }
        fclose($file);
    }
    $found = $database = null;
    echo json_encode(['ms' => (hrtime(true) - $began) / 1e6, 'rows' => $rows, 'peakMb' => memory_get_peak_usage() / 1e6]), "\n";
}
