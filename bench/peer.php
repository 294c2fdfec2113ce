<?php
// Asks as Asterisk-CDR-Viewer-Mod does, behind PHP's own web server: a connection for each request, a count, then all rows at once
// into memory, and a table of those columns that the tool shows. `csv` names the file that it writes instead, for a later download.
['where' => $where, 'limit' => $limit] = $_GET;
$database = new PDO(getenv('PEER_DSN'), getenv('PEER_USER'), getenv('PEER_PASSWORD'), [PDO::MYSQL_ATTR_INIT_COMMAND => "SET time_zone = '+00:00'"]);
$rows = 0;
if (!isset($_GET['csv'])) {
    $all = $database->query("SELECT count(*) FROM asterisk_cdr WHERE $where LIMIT $limit")->fetchColumn();
    $found = $database->query("SELECT *, unix_timestamp(calldate) AS call_timestamp FROM asterisk_cdr WHERE $where ORDER BY calldate DESC LIMIT $limit")->fetchAll(PDO::FETCH_ASSOC);
    $rows = count($found);
    ob_start();
    echo "<p>$rows of $all</p><table>";
    foreach ($found as $row) {
        echo '<tr>';
        foreach (['calldate', 'disposition', 'src', 'dst', 'duration', 'lastapp', 'channel', 'dstchannel'] as $column) echo '<td>', htmlspecialchars($row[$column]), '</td>';
        echo "</tr>\n";
    }
    $page = ob_get_clean() . '</table>';
} else {
    $file = fopen($_GET['csv'], 'w');
    $found = $database->query("SELECT * FROM asterisk_cdr WHERE $where ORDER BY calldate DESC LIMIT $limit");
    while ($row = $found->fetch(PDO::FETCH_ASSOC)) {
        $cells = array_map(fn ($cell) => strpbrk((string) $cell, ",\"\r\n") === false ? $cell : '"' . str_replace('"', '""', $cell) . '"', $row);
        fwrite($file, implode(',', $cells) . "\n");
        $rows += 1;
    }
    fclose($file);
    $page = '';
}
header("X-Rows: $rows");
header('X-Peak-Mb: ' . memory_get_peak_usage() / 1e6);
echo $page;
